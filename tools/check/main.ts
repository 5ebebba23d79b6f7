// What `npm test` runs: `node tools/check/main.ts [part of a test file's path]`. With the argument
// only the matching test files run. Ends with the line `N passed, N failed`.
import { rmSync } from 'node:fs';
import { temporaryFolder } from '../../test/harness/temporary-folder.ts';
import { checks } from './checks.ts';
import { projectFolder } from './program.ts';
import { runEverything } from './run.ts';

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
    wanted: process.argv[2] ?? '',
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
