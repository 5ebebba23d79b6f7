import { randomUUIDv7 } from 'node:crypto';
import { Payment_FailureReason } from '#gen/purser/payments/v1/payment.ts';
import { insertIntoInbox } from '#lib/inbox/insert-into-inbox.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { Ledger } from '../domain/ledger.ts';
import { type Payment, type PaymentRequest, settle } from '../domain/settle.ts';
import { paymentCaptured, paymentFailed } from '../published.ts';
import { bookTransfers } from '../sql/book-transfers.ts';
import { insertPayments } from '../sql/insert-payments.ts';
import { lockWallets } from '../sql/lock-wallets.ts';
import { selectPayments } from '../sql/select-payments.ts';
import { paymentRequested } from './payment-requested.ts';

const consumed: Record<string, (delivery: Delivery) => PaymentRequest> = {
  'purser.orders.v1.PaymentRequested': paymentRequested,
};

/**
 * Settles a batch of payment requests in one transaction: inbox, debits, decisions and results
 * commit together or not at all. A redelivered request finds its event id in the inbox and has no
 * effect; a new request for an order that was decided before gets the old decision told again.
 */
export function settlePayments({ database, clock, committed }: ServiceDeps) {
  return async (batch: readonly Delivery[]): Promise<void> => {
    const requests = batch.flatMap((delivery) => consumed[delivery.type]?.(delivery) ?? []);
    if (requests.length === 0) return;
    await database.transaction((tx) => settleIn(tx, requests, clock()));
    committed();
  };
}

async function settleIn(tx: Tx, requests: readonly PaymentRequest[], now: Date): Promise<void> {
  const distinct = [...new Map(requests.map((request) => [request.eventId, request])).values()];
  const fresh = await insertIntoInbox(
    tx,
    distinct.map(({ eventId }) => eventId),
  );
  const pending = distinct.filter(({ eventId }) => fresh.has(eventId));
  if (pending.length === 0) return;
  const ledger = new Ledger(
    await lockWallets(
      tx,
      pending.map(({ userId }) => userId),
    ),
  );
  const settled = await selectPayments(
    tx,
    pending.map(({ orderId }) => orderId),
  );
  const settlements = settle(pending, { ledger, settled, now });
  await bookTransfers(tx, ledger.transfers, now);
  await insertPayments(
    tx,
    settlements.filter(({ decided }) => decided).map(({ payment }) => payment),
    settlements.map(({ payment }) => resultEvent(payment)),
  );
}

function resultEvent(payment: Payment): OutboxEvent {
  const { userId, ledgerVersion, createTime } = payment;
  const order = orderName(payment.orderId);
  const amount = { currencyCode: payment.currencyCode, amountMinor: payment.amountMinor };
  const event = { eventId: randomUUIDv7(), userId, about: order };
  if (!payment.failureReason) {
    return paymentCaptured.toOutbox({
      ...event,
      message: { order, userId, amount, ledgerVersion, captureTime: createTime },
    });
  }
  const reason = Payment_FailureReason[payment.failureReason];
  return paymentFailed.toOutbox({
    ...event,
    message: { order, userId, amount, reason, ledgerVersion, failTime: createTime },
  });
}
