import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './check.ts';
import * as coverage from './coverage.ts';
import { runTestFile, type TestOutcome } from './run-test-file.ts';
import { startSharedServers } from './shared-servers.ts';
import { findTestFiles } from './test-files.ts';

export interface RunOptions {
  projectFolder: string;
  /** An existing empty folder for servers, reports and coverage. */
  workFolder: string;
  checks: readonly Check[];
  /** Runs only the test files whose path contains it, and no checks; '' runs everything. */
  wanted: string;
  fileTimeoutMs: number;
  signal: AbortSignal;
  print(line: string): void;
}

export interface Total {
  passed: number;
  failed: number;
}

const filesAtOnce = 2;

/** Runs all checks, then all tests, and counts what has really run. */
export async function runEverything(options: RunOptions): Promise<Total> {
  const total: Total = { passed: 0, failed: 0 };
  const everything = options.wanted === '';
  if (everything) await runChecks(options, options.checks, total);
  const files = findTestFiles(options.projectFolder, options.wanted);
  if (Object.values(files).flat().length === 0) {
    options.print(`✗ no test file's path contains “${options.wanted}”`);
    total.failed += 1;
    return total;
  }
  const servers = await startSharedServers(join(options.workFolder, 'servers'));
  try {
    const run = (file: string) => runAndPrint(options, servers.environment, file, total);
    await inParallel(files.parts, filesAtOnce, run);
    await inParallel(files.alone, 1, run);
    await inParallel(files.systems, filesAtOnce, run);
  } finally {
    await servers.stop();
  }
  if (everything) await runChecks(options, await coverageChecks(options), total);
  return total;
}

async function runChecks(
  { print, signal }: RunOptions,
  checks: readonly Check[],
  total: Total,
): Promise<void> {
  for (const { name, run } of checks) {
    signal.throwIfAborted();
    const startedAt = performance.now();
    const { ok, detail } = await run().catch((error: Error) => ({
      ok: false,
      detail: error.stack ?? error.message,
    }));
    if (ok) total.passed += 1;
    else total.failed += 1;
    print(`${ok ? '✓' : '✗'} ${name} (${seconds(performance.now() - startedAt)})`);
    if (detail !== '') print(indent(detail));
  }
}

async function runAndPrint(
  options: RunOptions,
  serverEnvironment: NodeJS.ProcessEnv,
  file: string,
  total: Total,
): Promise<void> {
  const { projectFolder, signal, fileTimeoutMs: timeoutMs, print } = options;
  signal.throwIfAborted();
  const workFolder = join(options.workFolder, 'files', file);
  const coverageFolder = join(workFolder, 'coverage');
  mkdirSync(coverageFolder, { recursive: true });
  const environment = {
    ...withoutSettings(process.env),
    ...serverEnvironment,
    NODE_V8_COVERAGE: coverageFolder,
    // Code from the cache has no exact positions, and would be counted wrongly.
    NODE_DISABLE_COMPILE_CACHE: '1',
  };
  const run = { projectFolder, file, workFolder, environment, timeoutMs, signal };
  const outcome = await runTestFile(run);
  coverage.keepOwnCoverage(projectFolder, coverageFolder, keptFolder(options));
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  print(lineOf(outcome));
  for (const note of outcome.notes) print(indent(note));
  if (outcome.failed > 0) print(indent(outcome.output.trim()));
}

function lineOf({ file, passed, failed, skipped, elapsedMs }: TestOutcome): string {
  const counts = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return `${failed > 0 ? '✗' : '✓'} ${file}: ${counts.join(', ')} (${seconds(elapsedMs)})`;
}

async function coverageChecks(options: RunOptions): Promise<Check[]> {
  const { projectFolder, workFolder, print, signal } = options;
  signal.throwIfAborted();
  const { summary, folders } = await coverage.reportCoverage(
    projectFolder,
    keptFolder(options),
    join(workFolder, 'report'),
  );
  print(summary);
  for (const folder of folders) {
    print(`  ${folder.folder.padEnd(24)} ${coverage.percent(folder).toFixed(1).padStart(5)} %`);
  }
  return coverage.measuredFolders.map((name) => ({
    name: `coverage of ${name}`,
    run: async () => {
      const share = coverage.percent(coverage.sumOf(name, folders));
      const ok = share > coverage.linesPercentMin;
      const detail = `${share.toFixed(1)} % of lines, not over ${coverage.linesPercentMin} %`;
      return { ok, detail: ok ? '' : detail };
    },
  }));
}

function keptFolder({ workFolder }: RunOptions): string {
  return join(workFolder, 'coverage');
}

/** What the caller has set for their own `npm start` must not change what a test sees. */
function withoutSettings(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PURSER_DATA', 'PURSER_TEST_LOG', 'PURSER_UPDATE'];
  return Object.fromEntries(
    Object.entries(source).filter(([name]) => !name.startsWith('PURSER_') || kept.includes(name)),
  );
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, next));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
