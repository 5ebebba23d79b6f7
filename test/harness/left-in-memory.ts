import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** A full collection; a minor one looks at young objects alone. */
export const collectGarbage = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const callers = 4;
const rounds = 5;

/**
 * Bytes that each call leaves behind until the next full collection, in the middle one of some
 * rounds: a full collection of V8's own makes a round look too good. `call` begins anew all the
 * time, four at once.
 */
export async function bytesLeft(call: () => Promise<unknown>, calls = 200): Promise<number> {
  for (let round = 0; round < rounds; round += 1) await callAll(call, calls);
  const left = [];
  for (let round = 0; round < rounds; round += 1) {
    await collectYoung();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    await callAll(call, calls);
    await collectYoung();
    left.push((process.memoryUsage().heapUsed - before) / calls);
  }
  return left.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

async function callAll(call: () => Promise<unknown>, calls: number): Promise<void> {
  const caller = async () => {
    for (let count = 0; count < calls / callers; count += 1) await call();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** What outlives one of them is old to the next; a pause lets what was just done be over. */
async function collectYoung(): Promise<void> {
  for (let times = 0; times < 4; times += 1) {
    collectGarbage({ type: 'minor' });
    await sleep(5);
  }
}
