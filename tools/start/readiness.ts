import { setTimeout as sleep } from 'node:timers/promises';
import { logTail } from '../local/server-process.ts';
import { call } from './http.ts';
import type { Instance } from './settings.ts';
import type { Running } from './supervised.ts';

const readyTimeoutMs = 60_000;

/**
 * Waits until the instance says on its internal port that it is ready. Throws when its process ends
 * before that, with the end of its log, or when it takes longer than a minute.
 */
export async function waitUntilReady(
  instance: Instance,
  running: Running,
  host: string,
  logFile: string,
): Promise<void> {
  const giveUpAt = Date.now() + readyTimeoutMs;
  let ending: string | undefined;
  void running.exited.then((how) => (ending = how));
  let answer = 'no answer';
  while (Date.now() < giveUpAt) {
    const reply = await call({ host, port: instance.internalPort, path: '/readyz' }).catch(String);
    if (typeof reply !== 'string' && reply.status === 200) return;
    answer = typeof reply === 'string' ? reply : reply.body;
    if (ending !== undefined) {
      const tail = logTail(logFile, 5);
      throw new Error(`${instance.name} has ended (${ending}). The end of ${logFile}:\n${tail}`);
    }
    await sleep(50);
  }
  throw new Error(`${instance.name} is not ready after a minute: ${answer}`);
}
