import { spawn } from 'node:child_process';
import { services } from './services.ts';

/**
 * Compiles the code of every service into the folder NODE_COMPILE_CACHE. A service is compiled by
 * starting it with a setting that it refuses: by then it has loaded everything, and it has not
 * touched anything.
 */
export async function compileServices(): Promise<void> {
  const environment = { ...process.env, PURSER_LOG_LEVEL: 'a level that does not exist' };
  await Promise.all(
    services.map(
      ({ main }) =>
        new Promise((resolve) => {
          const child = spawn(process.execPath, [main], {
            env: environment,
            stdio: 'ignore',
            timeout: 20_000,
          });
          child.once('exit', resolve).once('error', resolve);
        }),
    ),
  );
}
