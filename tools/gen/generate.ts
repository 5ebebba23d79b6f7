// Makes gen/ from proto/: `npm run gen`.
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { readArguments } from '../command/read-arguments.ts';
import { generateTemplate, rootDirectory, runBuf } from './run-buf.ts';

/** The inputs of buf.gen.yaml; what gRPC reflection tells about is the same. */
const contractPaths = [
  'proto/purser',
  'node_modules/google-proto-files/google/rpc/code.proto',
  'node_modules/google-proto-files/google/rpc/error_details.proto',
  'node_modules/google-proto-files/google/rpc/status.proto',
];

const errorPage = 'errors.html';

const genDirectory = join(rootDirectory, 'gen');

export interface Difference {
  /** Path within gen/. */
  path: string;
  /** What regenerating does to the file. */
  change: 'added' | 'changed' | 'removed';
}

/** Generates into `gen/` of the directory. Throws with buf's or the plugin's own words. */
export async function generateInto(directory: string): Promise<void> {
  await buf(['generate', '--template', generateTemplate, '--output', directory]);
  const paths = contractPaths.flatMap((path) => ['--path', path]);
  const output = join(directory, 'gen/descriptors.binpb');
  // Comments and positions are two thirds of the bytes and nothing that a client asks for.
  await buf(['build', '--as-file-descriptor-set', '--exclude-source-info', ...paths, '-o', output]);
}

/** Brings gen/ up to date. It is left as it was when the contracts or the generator are wrong. */
export function regenerate(present = genDirectory): Promise<Difference[]> {
  return withFreshOutput(async (fresh) => {
    const code = (await compare(fresh, present)).filter(({ path }) => path !== errorPage);
    await bringOver(code, fresh, present);
    await writeErrorPage(fresh);
    const rest = await compare(fresh, present);
    await bringOver(rest, fresh, present);
    return [...code, ...rest];
  });
}

/** How gen/ differs from what the contracts make today; changes nothing. */
export function findDrift(present = genDirectory): Promise<Difference[]> {
  return withFreshOutput(async (fresh) => {
    await writeErrorPage(fresh);
    return compare(fresh, present);
  });
}

/**
 * The page about errors shows what the code answers, and the code reads gen/: so it is made last,
 * and its modules are loaded only then.
 */
async function writeErrorPage(fresh: string): Promise<void> {
  const { renderErrorPage } = await import('./error-page/render.ts');
  await writeFile(join(fresh, errorPage), renderErrorPage());
}

async function bringOver(
  differences: readonly Difference[],
  fresh: string,
  present: string,
): Promise<void> {
  for (const { path, change } of differences) {
    const target = join(present, path);
    if (change === 'removed') {
      await rm(target);
    } else {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(fresh, path), target);
    }
  }
}

async function withFreshOutput<T>(use: (fresh: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'purser-gen-'));
  try {
    await generateInto(directory);
    return await use(join(directory, 'gen'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function compare(fresh: string, present: string): Promise<Difference[]> {
  const [freshFiles, presentFiles] = await Promise.all([filesIn(fresh), filesIn(present)]);
  const differences: Difference[] = [];
  for (const path of new Set([...freshFiles, ...presentFiles].toSorted())) {
    if (!presentFiles.includes(path)) {
      differences.push({ path, change: 'added' });
    } else if (!freshFiles.includes(path)) {
      differences.push({ path, change: 'removed' });
    } else {
      const bytes = await readFile(join(present, path));
      if (!bytes.equals(await readFile(join(fresh, path)))) {
        differences.push({ path, change: 'changed' });
      }
    }
  }
  return differences;
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return [];
      }
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

async function buf(args: string[]): Promise<void> {
  const { ok, output } = await runBuf(args);
  if (!ok) {
    throw new Error(output);
  }
}

async function main(): Promise<void> {
  try {
    const differences = await regenerate();
    const files = await filesIn(genDirectory);
    console.log(`gen/ is up to date: ${files.length} files, ${differences.length} changed.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

if (import.meta.main) {
  readArguments('npm run gen\nMakes gen/ from proto/.', {});
  await main();
}
