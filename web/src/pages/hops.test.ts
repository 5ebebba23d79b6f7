import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Hop } from '#sdk/src/index.ts';
import { timedHops, totalMs } from './hops.ts';

const test = suite('hops of an order');

function hop(atMs: number, subject = 'PAID'): Hop {
  const time = new Date(atMs);
  return { kind: 'CHANGED', service: 'orders', time, subject, eventId: '', number: 0n };
}

test('each has the time since the one before, never less than none', () => {
  const hops = [hop(100), hop(112, 'purser.orders.v1.PaymentRequested'), hop(110), hop(150)];
  assert.equal(
    timedHops(hops).map(({ afterMs }) => afterMs),
    [undefined, 12, 0, 40],
  );
  assert.is(timedHops(hops)[1]?.subject, 'PaymentRequested');
  assert.is(totalMs(hops), 50);
  assert.is(totalMs([]), 0);
});

test('a message keeps its name where only its identity is known', () => {
  const written = { ...hop(1, 'purser.orders.v1.PaymentRequested'), eventId: 'a' };
  const streamed = { ...hop(2, ''), eventId: 'a' };
  const unknown = { ...hop(3, ''), eventId: 'b' };
  assert.equal(
    timedHops([written, streamed, unknown]).map(({ subject }) => subject),
    ['PaymentRequested', 'PaymentRequested', ''],
  );
});

test.run();
