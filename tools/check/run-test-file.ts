import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../test/harness/progress.ts';

export interface TestRun {
  projectFolder: string;
  /** Relative to the project. */
  file: string;
  /** A folder of this file's own; its report is written there. */
  workFolder: string;
  environment: NodeJS.ProcessEnv;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface TestOutcome extends Report {
  file: string;
  elapsedMs: number;
  /** Everything it printed, its end if that is much, and what the runner has to add. */
  output: string;
}

/** Of a file that prints without end, the last part is kept. */
const outputCharactersMax = 200_000;

/**
 * Runs one test file as a process group of its own, and ends what is left of the group afterwards.
 * A file that crashes, takes too long, or reports no test counts as one failure at least.
 */
export async function runTestFile(run: TestRun): Promise<TestOutcome> {
  const startedAt = performance.now();
  const reportFile = join(run.workFolder, 'report.json');
  mkdirSync(run.workFolder, { recursive: true });
  const child = spawn(process.execPath, [join(run.projectFolder, run.file)], {
    cwd: run.projectFolder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...run.environment, PURSER_TEST_REPORT: reportFile },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
    });
  }
  let late = false;
  const endGroup = () => killGroup(child.pid);
  const timer = setTimeout(() => {
    late = true;
    endGroup();
  }, run.timeoutMs);
  run.signal.addEventListener('abort', endGroup);
  // Not "close": a process that the file has left behind may hold its output open for ever.
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? '' : `${signal ?? `exit ${code}`}`));
  });
  clearTimeout(timer);
  run.signal.removeEventListener('abort', endGroup);
  endGroup();
  const problem = late ? `It did not end within ${run.timeoutMs} ms.` : ending;
  const elapsedMs = performance.now() - startedAt;
  return { file: run.file, elapsedMs, ...judge(reportFile, problem, output) };
}

function judge(
  reportFile: string,
  problem: string,
  output: string,
): Omit<TestOutcome, 'file' | 'elapsedMs'> {
  const none: Report = { passed: 0, failed: 0, skipped: 0, notes: [] };
  const report = existsSync(reportFile)
    ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report)
    : none;
  if (report.failed > 0) return { ...report, output };
  if (problem !== '') {
    return { ...report, failed: 1, output: `${output}\nThe file failed: ${problem}` };
  }
  if (report.passed + report.skipped > 0) return { ...report, output };
  return { ...report, failed: 1, output: `${output}\nThe file ran no test.` };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
}
