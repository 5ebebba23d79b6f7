import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { changeOrders, type OrderChange, type OrderVersion } from './change-orders.ts';

const test = suite('change orders');

const pending = (id: string): OrderVersion => ({ id, state: 'PENDING', version: 1n });
const captured = (orderId: string): OrderChange => ({
  orderId,
  trigger: 'PAYMENT_CAPTURED',
  failureReason: null,
  actor: 'PAYMENTS',
  actorUserId: null,
  reason: '',
  causeEventId: `captured-${orderId}`,
  traceparent: undefined,
});
const failed = (orderId: string): OrderChange => ({
  ...captured(orderId),
  trigger: 'PAYMENT_FAILED',
  failureReason: 'INSUFFICIENT_FUNDS',
  causeEventId: `failed-${orderId}`,
});
const cancel = (orderId: string): OrderChange => ({
  ...captured(orderId),
  trigger: 'CANCEL',
  actor: 'USER',
  actorUserId: 'ann',
  causeEventId: null,
});

test('a result moves a pending order one version on', () => {
  const { steps, refused, unknown } = changeOrders([pending('a')], [captured('a')]);
  assert.equal(steps, [{ ...captured('a'), from: 'PENDING', to: 'PAID', version: 2n }]);
  assert.equal([refused, unknown], [[], []]);
});

test('the same result twice in one batch is one step', () => {
  assert.is(changeOrders([pending('a')], [captured('a'), captured('a')]).steps.length, 1);
});

test('the same result again in a later batch is none', () => {
  const paid: OrderVersion = { id: 'a', state: 'PAID', version: 2n };
  const { steps, refused } = changeOrders([paid], [captured('a')]);
  assert.equal([steps, refused], [[], []]);
});

test('a contradiction is refused and reported, and the first result stands', () => {
  const { steps, refused } = changeOrders([pending('a')], [captured('a'), failed('a')]);
  assert.equal(
    steps.map(({ to }) => to),
    ['PAID'],
  );
  assert.equal(refused, [{ ...failed('a'), from: 'PAID' }]);
});

test('several steps of one order in one batch follow each other', () => {
  const { steps } = changeOrders([pending('a')], [captured('a'), cancel('a'), captured('a')]);
  assert.equal(
    steps.map(({ from, to, version }) => [from, to, version]),
    [
      ['PENDING', 'PAID', 2n],
      ['PAID', 'CANCELLING', 3n],
    ],
  );
});

test('an unknown order is reported and hurts no other', () => {
  const { steps, unknown } = changeOrders([pending('b')], [captured('a'), failed('b')]);
  assert.equal(unknown, [captured('a')]);
  assert.equal(
    steps.map(({ orderId, to, failureReason }) => [orderId, to, failureReason]),
    [['b', 'FAILED', 'INSUFFICIENT_FUNDS']],
  );
});

test.run();
