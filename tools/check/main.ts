// What `npm test` runs. Ends with the line `N passed, N failed`.
import { rmSync } from 'node:fs';
import { temporaryFolder } from '../../test/harness/temporary-folder.ts';
import { readArguments, WrongArgument } from '../command/read-arguments.ts';
import { checks } from './checks.ts';
import { projectFolder } from './program.ts';
import { runEverything } from './run.ts';

const usage = `npm test -- [PART]
Checks types, lint, contracts and generated code, and runs all tests.
  PART  only the checks and test files whose name or path holds it`;

const wanted = readArguments(usage, { allowPositionals: true }, ({ positionals }) => {
  const [part = '', ...more] = positionals;
  if (more.length > 0) {
    throw new WrongArgument(`One part at a time, not ${more.join(' ')} as well.`);
  }
  return part;
});
const workFolder = temporaryFolder();
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupt.abort(new Error(`Stopped by ${signal}.`)));
}

const total = { passed: 0, failed: 0 };
try {
  const { passed, failed } = await runEverything({
    projectFolder,
    workFolder,
    checks,
    wanted,
    fileTimeoutMs: 180_000,
    signal: interrupt.signal,
    print: console.log,
  });
  total.passed = passed;
  total.failed = failed;
} catch (error) {
  console.log(interrupt.signal.aborted ? String(interrupt.signal.reason) : error);
  total.failed += 1;
} finally {
  rmSync(workFolder, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
