import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { register } from 'prom-client';
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { Batcher, type BatcherOptions } from './batcher.ts';
import { systemTiming } from './timing.ts';

const test = suite('batcher');

/** A batcher whose runs wait until the test lets them go on; an outcome is the item, doubled. */
function gated(options: Partial<BatcherOptions<number, number>> = {}) {
  const runs: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const batcher = new Batcher<number, number>({
    name: 'test',
    sizeMax: 100,
    queueMax: 1_000,
    async run(items) {
      runs.push(items);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return items.map((item) => item * 2);
    },
    ...options,
  });
  const open = async () => {
    await sleep(1);
    gates.shift()?.resolve();
    await sleep(1);
  };
  return { batcher, runs, open };
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('resolved'),
    (cause: unknown) => cause,
  );
  return error instanceof PurserError ? error.reason : (error as Error).message;
}

test('refusals are counted from 0, so that the first of them is a rise', async () => {
  const { batcher } = gated({ name: 'counted', queueMax: 0 });
  const series = 'purser_batch_refusals_total{batch="counted"}';
  assert.match(await register.metrics(), `${series} 0\n`);
  assert.is(await reasonOf(batcher.submit(1)), 'OVERLOADED');
  assert.match(await register.metrics(), `${series} 1\n`);
});

test('an idle batcher runs a single item at once', async () => {
  const { batcher, runs, open } = gated();
  const outcome = batcher.submit(7);
  await open();
  assert.equal(runs, [[7]]);
  assert.is(await outcome, 14);
});

test('after a crowd it lets the next one gather, unless as many wait already', async () => {
  const slept: number[] = [];
  let wake = () => {};
  const timing = {
    ...systemTiming,
    sleep: async (ms: number) => {
      slept.push(ms);
      await new Promise<void>((resolve) => (wake = resolve));
    },
  };
  const { batcher, runs, open } = gated({ gatherMsMax: 6, timing });
  const submit = (...items: number[]) => Promise.all(items.map((item) => batcher.submit(item)));
  const first = submit(1, 2, 3, 4, 5);
  await sleep(1);
  const second = submit(6, 7, 8, 9, 10);
  await open();
  await first;
  assert.equal(runs.length, 2, 'five waited already');
  await open();
  await second;
  assert.equal(slept, [5], 'a millisecond for each of the set');
  const third = submit(11);
  const fourth = submit(12);
  await sleep(1);
  assert.equal(runs.length, 2, 'the next one gathers');
  wake();
  await open();
  await Promise.all([third, fourth]);
  assert.equal(runs[2], [11, 12]);
  const fifth = submit(13);
  await open();
  await fifth;
  assert.equal(slept, [5], 'two are no crowd');
});

test('of what it is given with an item, only what it needs is looked at', async () => {
  const { batcher, open } = gated();
  const call = {
    deadline: new Date(Date.now() + 60_000),
    get log(): never {
      throw new Error('a logger is made on demand, and costs');
    },
  };
  const outcome = batcher.submit(7, call);
  await open();
  assert.is(await outcome, 14);
});

test('what arrives while a run is in flight shares the next one, up to sizeMax', async () => {
  const { batcher, runs, open } = gated({ sizeMax: 3 });
  const first = batcher.submit(1);
  await sleep(1);
  const rest = [2, 3, 4, 5].map((item) => batcher.submit(item));
  await open();
  await open();
  await open();
  assert.equal(runs, [[1], [2, 3, 4], [5]]);
  assert.equal(await Promise.all([first, ...rest]), [2, 4, 6, 8, 10]);
});

test('as many runs are in flight as allowed, and no more', async () => {
  const { batcher, runs, open } = gated({ sizeMax: 1, inFlightMax: 2 });
  const outcomes = [1, 2, 3].map((item) => batcher.submit(item));
  await sleep(1);
  assert.equal(runs, [[1], [2]]);
  for (const _ of outcomes) await open();
  assert.equal(await Promise.all(outcomes), [2, 4, 6]);
});

test('an item beyond a full queue is refused at once and the others are served', async () => {
  const { batcher, open } = gated({ queueMax: 1 });
  const running = batcher.submit(1);
  await sleep(1);
  const queued = batcher.submit(2);
  assert.is(await reasonOf(batcher.submit(3)), 'OVERLOADED');
  await open();
  await open();
  assert.equal(await Promise.all([running, queued]), [2, 4]);
});

test('an item whose deadline passes or that is aborted before its run is not run', async () => {
  let now = new Date(1_000);
  const { batcher, runs, open } = gated({ clock: () => now });
  const controller = new AbortController();
  const running = batcher.submit(1, { deadline: new Date(1_500) });
  await sleep(1);
  const late = batcher.submit(2, { deadline: new Date(2_000) });
  const aborted = batcher.submit(3, { signal: controller.signal });
  const fine = batcher.submit(4, { deadline: new Date(2_001) });
  const settled = Promise.all([running, reasonOf(late), reasonOf(aborted), fine]);
  now = new Date(2_000);
  controller.abort();
  await open();
  await open();
  assert.equal(await settled, [2, 'DEADLINE_EXCEEDED', 'CANCELLED', 8]);
  assert.equal(runs, [[1], [4]]);
});

test('a run of nothing but dropped items does not happen', async () => {
  const { batcher, runs } = gated();
  const dropped = batcher.submit(1, { signal: AbortSignal.abort() });
  assert.is(await reasonOf(dropped), 'CANCELLED');
  assert.equal(runs, []);
  await batcher.close();
});

test('one bad item hurts only itself', async () => {
  const { batcher } = gated({
    async run(items) {
      if (items.includes(13)) throw new Error('violates a constraint');
      return items;
    },
  });
  const outcomes = [11, 12, 13, 14].map((item) => batcher.submit(item));
  const reasons = await Promise.all(outcomes.map(reasonOf));
  assert.equal(reasons, ['resolved', 'resolved', 'violates a constraint', 'resolved']);
});

test('an outcome that is an error rejects its item alone, without a second run', async () => {
  let runs = 0;
  const { batcher } = gated({
    async run(items) {
      runs += 1;
      return items.map((item) => (item === 2 ? new PurserError('ACCOUNT_NOT_FOUND') : item));
    },
  });
  const reasons = await Promise.all([1, 2, 3].map((item) => reasonOf(batcher.submit(item))));
  assert.equal(reasons, ['resolved', 'ACCOUNT_NOT_FOUND', 'resolved']);
  assert.is(runs, 1);
});

test('a transient failure fails the whole run once instead of hammering the database', async () => {
  let runs = 0;
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const { batcher } = gated({
    async run() {
      runs += 1;
      throw refused;
    },
  });
  const reasons = await Promise.all([1, 2, 3].map((item) => reasonOf(batcher.submit(item))));
  assert.equal(reasons, Array(3).fill('connect ECONNREFUSED'));
  assert.is(runs, 1);
});

test('a wrong number of outcomes fails the items and runs nothing twice', async () => {
  let runs = 0;
  const { batcher } = gated({
    async run(items) {
      runs += 1;
      return items.slice(1);
    },
  });
  const reasons = await Promise.all([1, 2].map((item) => reasonOf(batcher.submit(item))));
  assert.equal(reasons, Array(2).fill('test returned 1 outcomes for 2 items'));
  assert.is(runs, 1);
});

test('close refuses what comes and settles what came', async () => {
  const { batcher, runs, open } = gated();
  const running = batcher.submit(1);
  await sleep(1);
  const queued = batcher.submit(2);
  let closed = false;
  const closing = batcher.close().then(() => (closed = true));
  assert.is(await reasonOf(batcher.submit(3)), 'OVERLOADED');
  await open();
  assert.not(closed);
  await open();
  await closing;
  assert.equal(await Promise.all([running, queued]), [2, 4]);
  assert.equal(runs, [[1], [2]]);
});

test('every item gets its own outcome, whatever the sizes, pauses and bad items', async () => {
  const plan = fc.record({
    items: fc.array(fc.record({ bad: fc.boolean(), pause: fc.boolean() }), { maxLength: 40 }),
    sizeMax: fc.integer({ min: 1, max: 8 }),
    inFlightMax: fc.integer({ min: 1, max: 3 }),
  });
  const property = fc.asyncProperty(plan, async ({ items, sizeMax, inFlightMax }) => {
    const committed: number[] = [];
    const batcher = new Batcher<number, string>({
      name: 'property',
      sizeMax,
      inFlightMax,
      queueMax: 1_000,
      async run(batch) {
        assert.ok(batch.length <= sizeMax);
        await Promise.resolve();
        const culprit = batch.find((index) => items[index]?.bad);
        if (culprit !== undefined) throw new Error(`bad ${batch.length > 1 ? 'batch' : culprit}`);
        committed.push(...batch);
        return batch.map((index) => `done ${index}`);
      },
    });
    const results: Promise<string>[] = [];
    for (const [index, { pause }] of items.entries()) {
      results.push(batcher.submit(index).catch((error: Error) => error.message));
      if (pause) await Promise.resolve();
    }
    await batcher.close();
    const expected = items.map(({ bad }, index) => (bad ? `bad ${index}` : `done ${index}`));
    assert.equal(await Promise.all(results), expected);
    assert.is(new Set(committed).size, committed.length, 'an item was committed twice');
  });
  await fc.assert(property, { numRuns: 300 });
});

test.run();
