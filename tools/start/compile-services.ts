import { spawn } from 'node:child_process';
import { services, type ServiceEntry } from './services.ts';

/**
 * Compiles the code of every service into the folder NODE_COMPILE_CACHE. A service is compiled by
 * starting it with a setting that it refuses: by then it has loaded everything, and it has not
 * touched anything. Resolves with the names of those that were not compiled in time.
 */
export async function compileServices(options: { timeoutMs: number }): Promise<string[]> {
  const compiled = await Promise.all(services.map((service) => compile(service, options)));
  return services.filter((_, index) => !compiled[index]).map(({ name }) => name);
}

function compile({ main }: ServiceEntry, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
  const env = { ...process.env, PURSER_LOG_LEVEL: 'a level that does not exist' };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main], { env, stdio: 'ignore', timeout: timeoutMs });
    // A process that is killed leaves nothing in the folder.
    child.once('exit', (code) => resolve(code === 1));
    child.once('error', () => resolve(false));
  });
}
