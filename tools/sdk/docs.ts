// Writes the reference of the SDK as pages into sdk/docs: `npm run sdk:docs`. TypeDoc reads the
// declarations of the built package. It cannot use TypeScript 7, whose compiler is no library, so
// it is fetched by exact version together with the last one that is, for this run alone.
import { join } from 'node:path';
import { readArguments } from '../command/read-arguments.ts';
import { rootDirectory, runProgram } from '../gen/run-buf.ts';
import { buildSdk } from './build.ts';

const packages = ['typedoc@0.28.20', 'typescript@6.0.3'].map((name) => `--package=${name}`);

readArguments('npm run sdk:docs\nWrites the reference of the SDK as pages into sdk/docs.', {});
await buildSdk();
const { ok, output } = await runProgram(
  'npm',
  ['exec', '--yes', ...packages, '--', 'typedoc', '--options', 'tools/sdk/typedoc.json'],
  rootDirectory,
);
console.log(ok ? `The reference begins at ${join('sdk', 'docs', 'index.html')}.` : output);
if (!ok) process.exitCode = 1;
