import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { Check, Verdict } from './check.ts';

export const projectFolder = resolve(import.meta.dirname, '../..');

/** A check by a program of node_modules: wrong when it fails, with what it printed. */
export function programCheck(name: string, program: string, args: readonly string[]): Check {
  return { name, run: () => runProgram(program, args) };
}

function runProgram(program: string, args: readonly string[]): Promise<Verdict> {
  const command = resolve(projectFolder, 'node_modules/.bin', program);
  const options = { cwd: projectFolder, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((done) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const detail = error === null ? '' : `${stdout}${stderr}`.trim() || error.message;
      done({ ok: error === null, detail });
    });
  });
}
