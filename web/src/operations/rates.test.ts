import * as assert from 'uvu/assert';
import type { Throughput } from '#gen/sdk/operator/types.ts';
import { suite } from '#test/harness/suite.ts';
import { ratesOf } from './rates.ts';

const test = suite('rates');

const size = { width: 100, height: 50 };

const interval = (second: number, created: bigint, paid: bigint): Throughput => ({
  endTime: new Date(Date.UTC(2026, 0, 1, 12, 0, second)),
  intervalMs: 5_000,
  ordersCreated: created,
  ordersPaid: paid,
  ordersFailed: 1n,
  messagesPublished: 10n,
  messagesConsumed: 20n,
  outboxMessages: 0n,
});

test('a line needs two intervals', () => {
  assert.is(ratesOf([], size), undefined);
  assert.is(ratesOf([interval(0, 1n, 1n)], size), undefined);
});

test('the highest rate is the top of the picture, and time goes to the right', () => {
  const rates = ratesOf([interval(0, 0n, 0n), interval(5, 50n, 25n), interval(20, 5n, 0n)], size)!;
  assert.is(rates.topPerSecond, 10);
  assert.equal(rates.created, [
    [0, 50],
    [25, 0],
    [100, 45],
  ]);
  assert.equal(rates.paid[1], [25, 25]);
});

test('sums are over all of the time, the present is the last interval', () => {
  const { total, now } = ratesOf([interval(0, 3n, 1n), interval(5, 50n, 25n)], size)!;
  assert.equal(total, { created: 53n, paid: 26n, failed: 2n, ms: 10_000 });
  assert.equal(now, { created: 10, published: 2, consumed: 4 });
});

test('without any order the lines lie on the ground', () => {
  const rates = ratesOf([interval(0, 0n, 0n), interval(5, 0n, 0n)], size)!;
  assert.equal(rates.created, [
    [0, 50],
    [100, 50],
  ]);
});

test.run();
