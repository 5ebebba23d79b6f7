// Builds sdk/dist: `npm run sdk`. JavaScript by esbuild, one file for each entry and what they
// share; types by tsc, of which only those are kept that the entries lead to.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { readArguments } from '../command/read-arguments.ts';
import { rootDirectory, runProgram } from '../gen/run-buf.ts';

/** The entries of the package, from the root of the project. */
const entries = ['sdk/src/index.ts', 'sdk/src/grpc/index.ts'];

/** What whoever wants gRPC brings along. */
const peers = ['@grpc/grpc-js', '@bufbuild/protobuf'];

/** Builds the package into `dist`; throws with the compilers' own words. */
export async function buildSdk(dist = join(rootDirectory, 'sdk/dist')): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  await bundle(dist);
  await declare(join(dist, 'types'));
  // npm packs a license only from the folder of the package.
  copyFileSync(join(rootDirectory, 'LICENSE'), join(dirname(dist), 'LICENSE'));
}

async function bundle(dist: string): Promise<void> {
  await build({
    absWorkingDir: rootDirectory,
    entryPoints: entries,
    outdir: dist,
    outbase: 'sdk/src',
    bundle: true,
    // Both entries have the same PurserError, for `instanceof`.
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: peers.flatMap((name) => [name, `${name}/*`]),
    legalComments: 'none',
    logLevel: 'silent',
  });
}

async function declare(target: string): Promise<void> {
  const all = mkdtempSync(join(tmpdir(), 'purser-types-'));
  try {
    const { ok, output } = await runProgram(
      'tsc',
      ['-p', 'sdk/tsconfig.build.json', '--outDir', all],
      rootDirectory,
    );
    if (!ok) throw new Error(output);
    const kept = new Set<string>();
    for (const entry of entries) keep(entry, { from: all, to: target, kept });
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}

/** Copies a file's declarations and those that they import, with imports that end in .js. */
function keep(source: string, folders: { from: string; to: string; kept: Set<string> }): void {
  if (folders.kept.has(source)) return;
  folders.kept.add(source);
  const path = source.replace(/\.ts$/, '.d.ts');
  const text = readFileSync(join(folders.from, path), 'utf8');
  const target = join(folders.to, path);
  mkdirSync(dirname(target), { recursive: true });
  const imports = /(?<= from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\1/g;
  writeFileSync(target, text.replaceAll(imports, '$1$2.js$1'));
  for (const [, , specifier] of text.matchAll(imports)) {
    keep(join(dirname(source), `${specifier}.ts`), folders);
  }
}

if (import.meta.main) {
  readArguments('npm run sdk\nBuilds @purser/sdk into sdk/dist.', {});
  try {
    await buildSdk();
    console.log('sdk/dist is built.');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
