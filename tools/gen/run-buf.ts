import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export const rootDirectory = join(import.meta.dirname, '../..');

export interface ProgramResult {
  ok: boolean;
  /** What it printed to standard output, and to that and standard error, trimmed. */
  stdout: string;
  output: string;
}

/** What `buf generate` makes of which inputs; paths in it are relative to the working directory. */
export const generateTemplate = 'tools/gen/buf.gen.yaml';

/** Runs the pinned buf; its plugins find the pinned Node.js. */
export function runBuf(args: readonly string[], directory = rootDirectory): Promise<ProgramResult> {
  return runProgram('buf', args, directory);
}

/**
 * Runs a program of node_modules/.bin, or else of the PATH, without a shell; `environment` is added
 * to ours.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
  const path = [join(rootDirectory, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...process.env, ...environment, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ ok: code === 0, stdout: stdout.trim(), output: output.trim() });
    });
  });
}
