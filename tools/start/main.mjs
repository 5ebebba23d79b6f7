// What `npm start` runs, and with --dev `npm run dev`, in plain JavaScript because of what it does
// first: it lets Node keep the compiled code of all processes. Without it each of them loads the
// TypeScript compiler and stays 15 to 35 MB larger (measured: 524 MB for the default system, 434 MB
// with it).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';

const usage = `npm start, or npm run dev for the store front straight from its sources
Runs the whole system. README.md lists the environment variables that it reads.`;

const codeFolder = resolve(import.meta.dirname, '../../node_modules/.cache/compiled');

if (process.argv.slice(2).some((argument) => argument !== '--dev')) {
  // Read only where it ends: this process is to be without the TypeScript compiler.
  const { readArguments } = await import('../command/read-arguments.ts');
  readArguments(usage, { options: { dev: { type: 'boolean' } } });
}
if (!existsSync(codeFolder)) {
  // The first start fills the folder in a process that ends, so that this one is small from the
  // beginning. When that fails, everything works all the same.
  spawnSync(process.execPath, [resolve(import.meta.dirname, 'warm-up.ts')], {
    env: { ...process.env, NODE_COMPILE_CACHE: codeFolder },
    stdio: 'ignore',
    timeout: 30_000,
  });
}
enableCompileCache(codeFolder);
process.env.NODE_COMPILE_CACHE = codeFolder;

const [{ launch }, { services, developmentServices }] = await Promise.all([
  import('./launch.ts'),
  import('./services.ts'),
]);
await launch({ services: process.argv.includes('--dev') ? developmentServices : services });
