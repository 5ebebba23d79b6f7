import { randomUUIDv7 } from 'node:crypto';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { changeOrders, type OrderChange, type OrderStep } from '../domain/change-orders.ts';
import { orderStateChanged } from '../published.ts';
import { failureReasonValue } from '../rpc/order-message.ts';
import type { OrderRow } from '../schema/order.ts';
import { lockOrders } from '../sql/lock-orders.ts';
import { type StepWrite, writeSteps } from '../sql/write-steps.ts';
import { paymentCaptured } from './payment-captured.ts';
import { paymentFailed } from './payment-failed.ts';

const consumed: Record<string, (delivery: Delivery) => OrderChange> = {
  'purser.payments.v1.PaymentCaptured': paymentCaptured,
  'purser.payments.v1.PaymentFailed': paymentFailed,
};

/**
 * Applies a batch of results in one transaction. Needs no inbox: a change that the order's state
 * does not allow, or that was made already, has no effect. Throws for a message that can never be
 * applied.
 */
export function applyPaymentResults({ database, clock, committed, log }: ServiceDeps) {
  return async (batch: readonly Delivery[]): Promise<void> => {
    const changes = batch.flatMap((delivery) => consumed[delivery.type]?.(delivery) ?? []);
    if (changes.length === 0) return;
    const { refused, unknown } = await database.transaction(async (tx) => {
      const orders = await lockOrders(tx, [...new Set(changes.map(({ orderId }) => orderId))]);
      const decision = changeOrders(orders, changes);
      if (decision.unknown.length > 0) return decision;
      const now = clock();
      const rows = new Map(orders.map((order) => [order.id, order]));
      const writes = decision.steps.map((step) => stepWrite(step, rows.get(step.orderId)!, now));
      if (writes.length > 0) await writeSteps(tx, writes, now);
      return decision;
    });
    if (unknown.length > 0)
      throw new Error(`payment result of the unknown order ${unknown[0]?.orderId}`);
    committed();
    for (const change of refused)
      log.error({ change }, 'a payment result contradicts the order and was ignored');
  };
}

function stepWrite(step: OrderStep, order: OrderRow, now: Date): StepWrite {
  const name = orderName(order.id);
  const event = orderStateChanged.toOutbox({
    eventId: randomUUIDv7(),
    userId: order.userId,
    about: name,
    message: {
      order: name,
      userId: order.userId,
      previousState: Order_State[step.from],
      state: Order_State[step.to],
      failureReason: failureReasonValue(step.failureReason),
      amount: { currencyCode: order.currencyCode, amountMinor: order.amountMinor },
      version: step.version,
      changeTime: now,
    },
  });
  return { ...step, event };
}
