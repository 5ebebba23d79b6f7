import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunning, sendSignal, type StopSteps } from './running-process.ts';

export interface ServerProcessOptions {
  command: string;
  args: readonly string[];
  /** Standard output and standard error are appended to this file. */
  logFile: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Sent to the server when this process dies without having stopped it. */
  orphanSignal: 'INT' | 'TERM' | 'QUIT';
  /** A folder to remove once the orphaned server has ended: what a test run leaves is no use. */
  orphanFolder?: string;
}

/** A server started by us: it outlives a Ctrl-C until we stop it, but it does not outlive us. */
export class ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, with a phrase that says how. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  #running = true;

  private constructor(child: ChildProcess, pid: number, options: ServerProcessOptions) {
    this.#child = child;
    this.pid = pid;
    const endGuard = guard(pid, options);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running = false;
        endGuard();
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    });
  }

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'a');
    try {
      // In a session of its own: the terminal sends Ctrl-C to the whole process group, and a
      // database must not stop before the services that are still writing to it.
      const child = spawn(options.command, options.args, {
        detached: true,
        stdio: ['ignore', log, log],
        env: options.env ?? process.env,
        ...(options.uid === undefined ? {} : { uid: options.uid }),
        ...(options.gid === undefined ? {} : { gid: options.gid }),
      });
      await new Promise((resolve, reject) => {
        child.once('spawn', resolve).once('error', reject);
      });
      return new ServerProcess(child, child.pid!, options);
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return this.#running;
  }

  /** The running server is then no reason for this process to stay. */
  unref(): void {
    this.#child.unref();
  }

  /** Tries the signals in their order; returns once the process has ended. */
  async stop(steps: StopSteps): Promise<void> {
    this.#child.ref();
    for (const [signal, waitMs] of steps) {
      if (!this.#running) return;
      this.#child.kill(signal);
      await Promise.race([this.exited, timeout(waitMs)]);
    }
    if (this.#running) throw new Error(`Process ${this.pid} did not end.`);
  }

  /** Ends it without a chance to clean up; for tests of crashes and for the last resort. */
  killNow(): void {
    if (this.#running && isRunning(this.pid)) sendSignal(this.pid, 'SIGKILL');
  }
}

/** The end of a log file: where a server says why it did not start. */
export function logTail(logFile: string, lineCount = 8): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lineCount).join('\n');
  } catch {
    return '';
  }
}

// The count bounds the wait for a process that has ended and that nobody collects, as happens in
// containers whose first process is not an init.
const guardScript = `
read -r dismissed && exit
kill -"$2" "$1"
[ -n "$3" ] || exit
count=0
while kill -0 "$1" 2>/dev/null && [ $count -lt 100 ]; do sleep 0.05; count=$((count + 1)); done
rm -rf "$3"`;

/**
 * Starts a shell that waits for our end of a pipe to close. The operating system closes it however
 * this process ends, `kill -9` included, and then the shell signals the server. Returns how to
 * dismiss it.
 */
function guard(pid: number, options: ServerProcessOptions): () => void {
  const values = [String(pid), options.orphanSignal, options.orphanFolder ?? ''];
  const child = spawn('/bin/sh', ['-c', guardScript, 'guard', ...values], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  const pipe = child.stdin;
  child.on('error', () => {});
  pipe.on('error', () => {});
  // Neither the shell nor the pipe to it is a reason for this process to stay.
  child.unref();
  (pipe as unknown as { unref(): void }).unref();
  return () => pipe.end('dismissed\n');
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
