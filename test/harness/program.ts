import { spawn, type ChildProcess } from 'node:child_process';

export interface ProgramOptions {
  cwd?: string;
  /** Takes the place of the whole environment. */
  env?: NodeJS.ProcessEnv;
}

/** A program under test: what it prints can be waited for, and it does not outlive the tests. */
export class Program {
  readonly child: ChildProcess;
  /** Settles with the exit code, or with the signal that ended it. */
  readonly exited: Promise<number | string>;
  #output = '';

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
    });
    const kill = () => this.child.kill('SIGKILL');
    process.once('exit', kill);
    this.child.once('close', () => process.off('exit', kill));
  }

  /** Both streams, in the order of arrival. */
  get output(): string {
    return this.#output;
  }

  /** Waits until the output matches; throws when the program ends without it. */
  async printed(pattern: RegExp): Promise<void> {
    let ended = false;
    void this.exited.then(() => (ended = true));
    while (!pattern.test(this.#output)) {
      if (ended) throw new Error(`It ended without ${pattern}:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options?: ProgramOptions,
): Promise<{ exit: number | string; output: string }> {
  const program = new Program(command, args, options);
  const exit = await program.exited;
  return { exit, output: program.output };
}
