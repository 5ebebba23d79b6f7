import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopLeftover } from '../local/running-process.ts';
import type { Running } from './supervised.ts';

export interface ServiceStart {
  /** `orders-1`; names its pid file. */
  name: string;
  main: string;
  dataFolder: string;
  logFile: string;
  environment: NodeJS.ProcessEnv;
  /** How long a stop may take before the process is killed. */
  stopTimeoutMs: number;
}

/** A log that has grown over this is set aside when its process starts. */
const logBytesMax = 10 * 1024 * 1024;

/**
 * How much of the young objects V8 lets gather before it collects them, in MB. At 8, what orders on
 * their way have made becomes old before it is done with, and full collections stop everything; at
 * 32, a process holds more garbage than that saves.
 */
export const memoryFlags = ['--max-semi-space-size=16'];

/**
 * Starts a service of ours. The channel to it is its life line: it stops when the channel closes,
 * which the operating system does even if this process is killed.
 */
export async function startService(start: ServiceStart): Promise<Running & { pid: number }> {
  mkdirSync(dirname(start.logFile), { recursive: true });
  const log = openLog(start.logFile);
  try {
    const child = spawn(
      process.execPath,
      [...memoryFlags, start.main, markerOf(start.dataFolder)],
      {
        // A session of its own: the order in which things stop after Ctrl-C is for us to decide.
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
        env: start.environment,
      },
    );
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve).once('error', reject);
    });
    child.on('error', () => {});
    const pid = child.pid!;
    writePidFile(start.dataFolder, start.name, pid);
    const stop = async () => {
      child.kill('SIGTERM');
      const late = new AbortController();
      const timer = sleep(start.stopTimeoutMs, 'late', { signal: late.signal }).catch(() => '');
      if ((await Promise.race([exited, timer])) === 'late') child.kill('SIGKILL');
      late.abort();
      await exited;
    };
    return { pid, exited, stop, killNow: () => child.kill('SIGKILL') };
  } finally {
    closeSync(log);
  }
}

/** Stops services that a killed launcher has left behind and that have not ended by themselves. */
export async function stopLeftServices(dataFolder: string): Promise<void> {
  const folder = pidFolder(dataFolder);
  mkdirSync(folder, { recursive: true });
  const marker = markerOf(dataFolder);
  await Promise.all(
    readdirSync(folder).map((file) =>
      stopLeftover(join(folder, file), marker, [
        ['SIGTERM', 3000],
        ['SIGKILL', 2000],
      ]),
    ),
  );
}

/** An argument the services do not look at: it tells ours from every other process. */
function markerOf(dataFolder: string): string {
  return `--data-folder=${dataFolder}`;
}

function pidFolder(dataFolder: string): string {
  return join(dataFolder, 'run');
}

function writePidFile(dataFolder: string, name: string, pid: number): void {
  writeFileSync(join(pidFolder(dataFolder), `${name}.pid`), `${pid}\n`);
}

function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(file, `${file}.old`);
  return openSync(file, 'a');
}
