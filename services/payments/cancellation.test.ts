import { randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Payment_State } from '#gen/purser/payments/v1/payment.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { paymentCancellationRequested } from '../orders/published.ts';
import {
  balanceOf,
  broker,
  checkBooks,
  closeFixture,
  database,
  openAccount,
  paymentOf,
  requestFor,
  resultsOf,
  settled,
  usd,
} from './settlement-fixture.ts';

const test = suite('cancellation of payments');

test.after(closeFixture);

function cancellationOf(event: OutboxEvent, userId: string, amountMinor: bigint): OutboxEvent {
  const order = event.about;
  const message = { order, userId, amount: usd(amountMinor), requestTime: new Date() };
  const eventId = randomUUIDv7();
  return paymentCancellationRequested.toOutbox({ eventId, userId, about: order, message });
}

async function answersTo(event: OutboxEvent, count: number): Promise<string[]> {
  const rows = await eventually(
    () => resultsOf(event),
    ({ length }) => length === count,
  );
  return rows.map(({ type }) => type.replace('purser.payments.v1.Payment', ''));
}

test('cancelled after it was paid: refunded once, by a transfer of its own', async () => {
  const userId = await openAccount(100n);
  const event = requestFor(userId, 60n);
  await broker.publish(event);
  await settled(event, userId);
  const cancellations = Array.from({ length: 10 }, () => cancellationOf(event, userId, 60n));
  await Promise.all([...cancellations, ...cancellations].map((undo) => broker.publish(undo)));
  const answers = await answersTo(event, 11);
  assert.equal(answers, ['Captured', ...Array.from({ length: 10 }, () => 'Refunded')]);
  assert.is((await paymentOf(event, userId)).state, Payment_State.REFUNDED);
  assert.is(await balanceOf(userId), 100n);
  await checkBooks(userId);
});

test('cancelled before the request arrives: the request finds the fence', async () => {
  const userId = await openAccount(100n);
  const event = requestFor(userId, 60n);
  await broker.publish(cancellationOf(event, userId, 60n));
  assert.is((await settled(event, userId)).state, Payment_State.VOIDED);
  await broker.publish(event);
  assert.equal(await answersTo(event, 2), ['Voided', 'Voided']);
  assert.is(await balanceOf(userId), 100n);
});

test('cancelled after it failed: told as voided, and it stays failed', async () => {
  const userId = await openAccount(5n);
  const event = requestFor(userId, 60n);
  await broker.publish(event);
  await settled(event, userId);
  await broker.publish(cancellationOf(event, userId, 60n));
  assert.equal(await answersTo(event, 2), ['Failed', 'Voided']);
  assert.is((await paymentOf(event, userId)).state, Payment_State.FAILED);
});

test('100 requests and their cancellations in any order: nothing is kept', async () => {
  const userId = await openAccount(500n);
  const events = Array.from({ length: 100 }, () => requestFor(userId, 10n));
  const all = events.flatMap((event) => [event, cancellationOf(event, userId, 10n)]);
  const shuffled = [...all, ...all].sort(() => Math.random() - 0.5);
  await Promise.all(shuffled.map((event) => broker.publish(event)));
  await Promise.all(events.map((event) => answersTo(event, 2)));
  assert.is(await balanceOf(userId), 500n);
  await checkBooks(userId);
});

test('a refund to an account that has become too rich for a top-up still arrives', async () => {
  const userId = await openAccount(100n);
  const event = requestFor(userId, 100n);
  await broker.publish(event);
  await settled(event, userId);
  await database.sql('update accounts set balance_minor = 1000000000000000 where user_id = $1', [
    userId,
  ]);
  await broker.publish(cancellationOf(event, userId, 100n));
  await answersTo(event, 2);
  assert.is(await balanceOf(userId), 1_000_000_000_000_100n);
  await database.sql('update accounts set balance_minor = 100 where user_id = $1', [userId]);
});

test.run();
