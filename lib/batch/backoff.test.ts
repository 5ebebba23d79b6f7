import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Backoff } from './backoff.ts';
import { systemTiming } from './timing.ts';

const test = suite('backoff');

function pauses(random: number, count: number): number[] {
  const timing = { ...systemTiming, random: () => random };
  const backoff = new Backoff({ firstMs: 100, lastMs: 1_000, timing });
  return Array.from({ length: count }, () => backoff.next());
}

test('pauses double up to the last, and jitter takes at most half of each', () => {
  assert.equal(pauses(1, 5), [100, 200, 400, 800, 1_000]);
  assert.equal(pauses(0, 5), [50, 100, 200, 400, 500]);
});

test('after ten thousand failures the pause is still the last one', () => {
  assert.is(pauses(1, 10_000).at(-1), 1_000);
});

test('a success starts again from the first pause', () => {
  const backoff = new Backoff({ firstMs: 100, lastMs: 1_000 });
  backoff.next();
  backoff.next();
  assert.is(backoff.failures, 2);
  backoff.reset();
  assert.ok(backoff.next() <= 100);
});

test('an aborted signal ends a pause', async () => {
  const backoff = new Backoff({ firstMs: 60_000, lastMs: 60_000 });
  await backoff.pause(AbortSignal.timeout(20));
});

test.run();
