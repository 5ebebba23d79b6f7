import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Signals in the order they are tried, each with how long to wait before the next one. */
export type StopSteps = readonly (readonly [signal: NodeJS.Signals, waitMs: number])[];

/**
 * True while the process runs. One that has ended and waits to be collected counts as gone, unless
 * threads of it still end: until they have, its ports are taken and its files open.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const waitsToBeCollected = readProcFile(pid, 'stat')?.match(/\) (\S)/)?.[1] === 'Z';
  return !waitsToBeCollected || threadsOf(pid) > 1;
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

/** The arguments a process was started with, joined by blanks; undefined when there is none. */
export function commandLineOf(pid: number): string | undefined {
  if (existsSync('/proc/self')) {
    return readProcFile(pid, 'cmdline')?.replaceAll('\0', ' ').trim();
  }
  try {
    const options = { encoding: 'utf8' as const, stdio: 'pipe' as const };
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], options).trim();
  } catch {
    return undefined;
  }
}

/** Waits until the process is gone; false when it is still there after `timeoutMs`. */
export async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + timeoutMs;
  while (isRunning(pid)) {
    if (Date.now() >= giveUpAt) return false;
    await sleep(20);
  }
  return true;
}

/**
 * Stops the process that a pid file names, if it is still the one that wrote the file. Numbers are
 * used again, after a restart of the machine quickly, so the pid alone proves nothing: the command
 * line must contain `marker`, a path that only that process was started with.
 * Returns true when something had to be stopped.
 */
export async function stopLeftover(
  pidFile: string,
  marker: string,
  steps: StopSteps,
): Promise<boolean> {
  const pid = readPid(pidFile);
  if (pid === undefined || !isRunning(pid)) return false;
  if (commandLineOf(pid)?.includes(marker) !== true) return false;
  for (const [signal, waitMs] of steps) {
    sendSignal(pid, signal);
    if (await waitUntilGone(pid, waitMs)) return true;
  }
  throw new Error(`Process ${pid} of an earlier run could not be stopped; stop it by hand.`);
}

/** Sends a signal to a process that may be gone already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readPid(pidFile: string): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  // 0 and negative numbers address process groups, 1 is never ours.
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

function readProcFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
