import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Wakeup } from './wakeup.ts';

const test = suite('wakeup');

async function waited(wakeup: Wakeup, ms: number): Promise<number> {
  const start = performance.now();
  await wakeup.wait(ms);
  return performance.now() - start;
}

test('a wake between looking and waiting is not lost', async () => {
  const wakeup = new Wakeup();
  wakeup.clear();
  wakeup.wake();
  assert.ok((await waited(wakeup, 1_000)) < 100);
});

test('a wake ends a wait', async () => {
  const wakeup = new Wakeup();
  void sleep(20).then(() => wakeup.wake());
  assert.ok((await waited(wakeup, 1_000)) < 500);
});

test('a wake before looking is forgotten, and the wait lasts', async () => {
  const wakeup = new Wakeup();
  wakeup.wake();
  wakeup.clear();
  assert.ok((await waited(wakeup, 50)) >= 45);
});

test('a wake after a wait has ended ends none that begins later', async () => {
  const wakeup = new Wakeup();
  await wakeup.wait(5);
  wakeup.wake();
  wakeup.clear();
  assert.ok((await waited(wakeup, 50)) >= 45);
});

test.run();
