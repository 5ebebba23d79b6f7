import { setTimeout as sleep } from 'node:timers/promises';
import type { StartedSystem } from '#test/harness/started-system.ts';

/** Every kind of process, in the order in which an upgrade takes them. */
export const kinds = ['payments', 'orders', 'notifications', 'gateway'] as const;
export type Kind = (typeof kinds)[number];

const patterns: Record<Kind, RegExp> = {
  payments: /services\/payments\/main/,
  orders: /services\/orders\/main/,
  notifications: /services\/notifications\/main/,
  gateway: /gateway\/main/,
};

const stopMsMax = 10_000;
const readyMsMax = 30_000;

/**
 * Restarts all instances of one kind, one after the other, as a rolling upgrade does: SIGTERM, the
 * next only when the new one is ready. Returns how long the slowest took to stop, in milliseconds.
 * Throws when one takes longer than 10 s, or is not ready after 30 s.
 */
export async function roll(system: StartedSystem, kind: Kind, instances: number): Promise<number> {
  let slowestMs = 0;
  for (const pid of system.pids(patterns[kind])) {
    const stoppedAt = performance.now();
    process.kill(pid, 'SIGTERM');
    while (isRunning(pid)) {
      if (performance.now() - stoppedAt > stopMsMax) throw new Error(`${kind} ${pid} does not end`);
      await sleep(10);
    }
    slowestMs = Math.max(slowestMs, performance.now() - stoppedAt);
    await allReady(system, kind, instances);
  }
  return slowestMs;
}

async function allReady(system: StartedSystem, kind: Kind, instances: number): Promise<void> {
  const port = Number(system.environment[`PURSER_${kind.toUpperCase()}_INTERNAL_PORT`]);
  const end = Date.now() + readyMsMax;
  for (let instance = 0; instance < instances; instance += 1) {
    const url = `http://127.0.0.1:${port + 100 * instance}/readyz`;
    for (;;) {
      const ready = await fetch(url).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (ready) break;
      if (Date.now() > end) throw new Error(`${kind} is not ready at ${url}`);
      await sleep(50);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
