import { execFile } from 'node:child_process';

/** Runs one of our scripts until it ends; rejects with the end of its output when it fails. */
export function runToEnd(
  script: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env: environment, signal, timeout: 120_000 };
    execFile(process.execPath, [script], options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const output = `${stdout}${stderr}`.trim().split('\n').slice(-10).join('\n');
      reject(new Error(`${script} failed:\n${output || error.message}`, { cause: error }));
    });
  });
}
