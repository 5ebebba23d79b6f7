import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { changeOrders, type OrderChange, type OrderVersion } from './change-orders.ts';

const test = suite('change orders');

const pending = (id: string): OrderVersion => ({ id, state: 'PENDING', version: 1n });
const paid = (orderId: string): OrderChange => ({
  orderId,
  to: 'PAID',
  failureReason: null,
  causeEventId: `p-${orderId}`,
});
const failed = (orderId: string): OrderChange => ({
  orderId,
  to: 'FAILED',
  failureReason: 'INSUFFICIENT_FUNDS',
  causeEventId: `f-${orderId}`,
});

test('a result moves a pending order one version on', () => {
  const { steps, refused, unknown } = changeOrders([pending('a')], [paid('a')]);
  assert.equal(steps, [{ ...paid('a'), from: 'PENDING', version: 2n }]);
  assert.equal([refused, unknown], [[], []]);
});

test('the same result twice in one batch is one step', () => {
  assert.is(changeOrders([pending('a')], [paid('a'), paid('a')]).steps.length, 1);
});

test('the same result again in a later batch is none', () => {
  const { steps, refused } = changeOrders([{ id: 'a', state: 'PAID', version: 2n }], [paid('a')]);
  assert.equal([steps, refused], [[], []]);
});

test('a contradiction is refused and reported, and the first result stands', () => {
  const { steps, refused } = changeOrders([pending('a')], [paid('a'), failed('a')]);
  assert.equal(
    steps.map(({ to }) => to),
    ['PAID'],
  );
  assert.equal(refused, [{ ...failed('a'), from: 'PAID' }]);
});

test('an unknown order is reported and hurts no other', () => {
  const { steps, unknown } = changeOrders([pending('b')], [paid('a'), failed('b')]);
  assert.equal(unknown, [paid('a')]);
  assert.equal(
    steps.map(({ orderId, to, failureReason }) => [orderId, to, failureReason]),
    [['b', 'FAILED', 'INSUFFICIENT_FUNDS']],
  );
});

test.run();
