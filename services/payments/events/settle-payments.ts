import { randomUUIDv7 } from 'node:crypto';
import { Payment_FailureReason } from '#gen/purser/payments/v1/payment.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import { duplicates } from '#lib/inbox/inbox-metrics.ts';
import { insertIntoInbox } from '#lib/inbox/insert-into-inbox.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { traceEach } from '#lib/trace/tracing.ts';
import { Ledger } from '../domain/ledger.ts';
import { type PaymentWish, settle, type SettledWish } from '../domain/settle.ts';
import { paymentCaptured, paymentFailed, paymentRefunded, paymentVoided } from '../published.ts';
import { bookTransfers } from '../sql/book-transfers.ts';
import { lockWallets } from '../sql/lock-wallets.ts';
import { selectPayments } from '../sql/select-payments.ts';
import { writePayments } from '../sql/write-payments.ts';
import { paymentCancellationRequested } from './payment-cancellation-requested.ts';
import { paymentRequested } from './payment-requested.ts';

/** What is consumed, by its type, and what it wants of Payments. */
export const paymentWishes: Record<string, (delivery: Delivery) => PaymentWish> = {
  'purser.orders.v1.PaymentRequested': paymentRequested,
  'purser.orders.v1.PaymentCancellationRequested': paymentCancellationRequested,
};

/**
 * Settles a batch of wishes in one transaction: inbox, transfers, decisions and answers commit
 * together or not at all. A redelivered wish finds its event id in the inbox and has no effect; a
 * new wish for an order that was decided before gets the decision told again.
 */
export function settlePayments({ database, clock, committed }: ServiceDeps) {
  return async (batch: readonly Delivery[]): Promise<void> => {
    const wishes = batch.flatMap((delivery) => paymentWishes[delivery.type]?.(delivery) ?? []);
    if (wishes.length === 0) return;
    const count = await database.transaction((tx) => settleIn(tx, wishes, clock()));
    if (isDrill) await failpoint('settle.committed');
    committed();
    duplicates.inc(wishes.length - count);
  };
}

/** How many of the wishes were new. */
async function settleIn(tx: Tx, wishes: readonly PaymentWish[], now: Date): Promise<number> {
  const distinct = [...new Map(wishes.map((wish) => [wish.eventId, wish])).values()];
  if (isDrill) await failpoint('settle.begun');
  const fresh = await traceEach('inbox', distinct, () => insertIntoInbox(tx, distinct));
  if (isDrill) await failpoint('settle.recorded');
  const pending = distinct.filter(({ eventId }) => fresh.has(eventId));
  if (pending.length === 0) return 0;
  const wallets = await lockWallets(
    tx,
    pending.map(({ userId }) => userId),
  );
  if (isDrill) await failpoint('settle.locked');
  const settled = await selectPayments(
    tx,
    pending.map(({ orderId }) => orderId),
  );
  const ledger = new Ledger(wallets);
  const settlement = settle(pending, { ledger, settled, now });
  if (isDrill) await failpoint('settle.decided');
  await traceEach('ledger', pending, async () => {
    await bookTransfers(tx, ledger.transfers, now);
    if (isDrill) await failpoint('settle.booked');
    await writePayments(tx, settlement, settlement.answers.map(answerEvent));
  });
  if (isDrill) await failpoint('settle.written');
  return pending.length;
}

function answerEvent(settled: SettledWish): OutboxEvent {
  const { payment, answer, balanceAfterMinor, traceparent } = settled;
  const { userId, ledgerVersion, createTime, updateTime } = payment;
  const order = orderName(payment.orderId);
  const amount = { currencyCode: payment.currencyCode, amountMinor: payment.amountMinor };
  const balance =
    balanceAfterMinor === null
      ? undefined
      : { currencyCode: payment.currencyCode, amountMinor: balanceAfterMinor };
  const event = { eventId: randomUUIDv7(), userId, about: order, traceparent };
  const message = { order, userId, amount, ledgerVersion };
  switch (answer) {
    case 'captured':
      return paymentCaptured.toOutbox({
        ...event,
        message: { ...message, captureTime: createTime, balance },
      });
    case 'failed': {
      const reason = Payment_FailureReason[payment.failureReason ?? 'FAILURE_REASON_UNSPECIFIED'];
      const failure = { ...message, reason, failTime: createTime };
      return paymentFailed.toOutbox({ ...event, message: failure });
    }
    case 'voided':
      return paymentVoided.toOutbox({ ...event, message: { ...message, voidTime: updateTime } });
    case 'refunded':
      return paymentRefunded.toOutbox({
        ...event,
        message: { ...message, refundTime: updateTime, balance },
      });
  }
}
