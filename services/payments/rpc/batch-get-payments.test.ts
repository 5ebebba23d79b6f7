import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Payment_FailureReason, Payment_State } from '#gen/purser/payments/v1/payment.ts';
import type { BatchGetPaymentsResponse } from '#gen/purser/payments/v1/payment_service.ts';
import { reasonOf } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { openWithoutBroker } from '#test/harness/without-broker.ts';
import { paymentRequested } from '../../orders/published.ts';

const test = suite('payments of many orders');

const { payments, close } = await openWithoutBroker();
test.after(close);

const path = '/purser.payments.v1.PaymentService/BatchGetPayments';
const ask = (names: string[], isStaff: boolean) =>
  payments.call<BatchGetPaymentsResponse>(path, { names }, 'purser-orders', isStaff);

/** A user without an account, and a payment that failed for it. */
async function failedPayment(): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const order = `orders/${randomUUIDv7()}`;
  const amount = { currencyCode: 'USD', amountMinor: 5n };
  const message = { order, userId, amount, requestTime: new Date() };
  const event = paymentRequested.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: order,
    message,
  });
  const time = new Date();
  await payments.deliver([{ ...event, time, deliveries: 1, streamed: undefined }]);
  return `${order}/payment`;
}

test('staff get those that are decided, whoever they belong to', async () => {
  const names = [await failedPayment(), await failedPayment()];
  const undecided = `orders/${randomUUIDv7()}/payment`;
  const answer = await ask([...names, undecided, 'orders/no-uuid/payment'], true);
  assert.equal(answer.payments.map(({ name }) => name).toSorted(), names.toSorted());
  for (const payment of answer.payments) {
    assert.is(payment.state, Payment_State.FAILED);
    assert.is(payment.failureReason, Payment_FailureReason.ACCOUNT_NOT_FOUND);
    assert.is(payment.balanceAfter, undefined);
  }
});

test('nobody else gets any, not even their own', async () => {
  assert.is(await reasonOf(ask([await failedPayment()], false)), 'PERMISSION_DENIED');
});

test('at most 500 names, all of the right form', async () => {
  const many = Array.from({ length: 501 }, () => 'orders/a/payment');
  for (const names of [many, ['orders/a'], []]) {
    const refused = await ask(names, true).then(
      () => 'answered',
      () => 'refused',
    );
    assert.is(refused, 'refused', `${names.length} names`);
  }
});

test.run();
