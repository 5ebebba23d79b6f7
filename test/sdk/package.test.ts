import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { installSdk, packSdk } from '#test/harness/sdk-package.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('the package of the SDK');

let project: string;
let installed: string;

test.before(
  async () => {
    project = await installSdk(await packSdk());
    installed = join(project, 'node_modules/@purser/sdk');
  },
  { timeoutMs: 120_000 },
);

/** Bytes that a browser loads for a program: bundled, minified, gzip as most servers have it. */
async function loadedBytes(program: string): Promise<number> {
  const entry = join(project, 'program.js');
  writeFileSync(entry, program);
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

test('it holds what people need, and nothing else', () => {
  const files = readdirSync(installed).toSorted();
  assert.equal(files, ['LICENSE', 'README.md', 'dist', 'package.json']);
  const { exports, sideEffects, version } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  );
  assert.is(sideEffects, false);
  assert.match(version, /^\d+\.\d+\.\d+$/);
  const targets = [exports['.'], exports['./grpc']].flatMap(Object.values) as string[];
  for (const target of targets) assert.ok(existsSync(join(installed, target)), target);
  assert.equal(
    readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['@purser'],
  );
});

test('all of the main entry is less than 15 kB', async () => {
  const bytes = await loadedBytes(`import * as sdk from '@purser/sdk'; globalThis.sdk = sdk;`);
  assert.ok(bytes < 15_000, `${bytes} bytes`);
  assert.ok(bytes > 2_000, `only ${bytes} bytes: is it all there?`);
});

test('a program that only counts money loads less than 1.5 kB', async () => {
  const bytes = await loadedBytes(`
    import { addMoney, usd, formatMoney } from '@purser/sdk';
    globalThis.total = formatMoney(addMoney(usd('1'), usd('2')));`);
  assert.ok(bytes < 1_500, `${bytes} bytes`);
  assert.ok(bytes > 200, `only ${bytes} bytes: is it all there?`);
});

test('the main entry needs nothing of Node and no other package', () => {
  const dist = join(installed, 'dist');
  const files = readdirSync(dist).filter((name) => name.endsWith('.js'));
  const text = files.map((name) => readFileSync(join(dist, name), 'utf8')).join('\n');
  const imports = [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, from]) => from);
  assert.ok(imports.length > 0);
  for (const from of imports) assert.match(from ?? '', /^\.\/shared-\w+\.js$/);
  assert.not.match(text, /\b(Buffer|process|require)\b/);
});

test.run();
