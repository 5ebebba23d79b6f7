import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { isolate } from './isolate.ts';

const test = suite('isolate');

/** Runs `count` items of which `bad` cannot be run, and tells what happened. */
async function isolated(count: number, bad: Set<number>) {
  const items = Array.from({ length: count }, (_, index) => index);
  const done: number[] = [];
  const failed: [number, string][] = [];
  let runs = 0;
  await isolate(
    items,
    async (part) => {
      runs += 1;
      const culprit = part.find((item) => bad.has(item));
      if (culprit !== undefined) throw new Error(`bad ${culprit}`);
      done.push(...part);
    },
    (item, error) => {
      failed.push([item, (error as Error).message]);
    },
  );
  return { done, failed, runs };
}

test('good items run together', async () => {
  assert.equal(await isolated(5, new Set()), { done: [0, 1, 2, 3, 4], failed: [], runs: 1 });
});

test('a bad item fails alone with its own error, and the others run in their order', async () => {
  const { done, failed } = await isolated(5, new Set([1, 4]));
  assert.equal(done, [0, 2, 3]);
  assert.equal(failed, [
    [1, 'bad 1'],
    [4, 'bad 4'],
  ]);
});

test('one bad item among 512 costs 18 more runs', async () => {
  const { done, runs } = await isolated(512, new Set([300]));
  assert.is(done.length, 511);
  assert.is(runs, 19);
});

test('nothing to run still runs once and fails nobody', async () => {
  assert.equal(await isolated(0, new Set()), { done: [], failed: [], runs: 1 });
});

test.run();
