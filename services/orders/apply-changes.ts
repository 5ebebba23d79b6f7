import { randomUUIDv7 } from 'node:crypto';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import {
  type ChangeDecision,
  changeOrders,
  type OrderChange,
  type OrderStep,
} from './domain/change-orders.ts';
import { orderStateChanged, paymentCancellationRequested } from './published.ts';
import { failureReasonValue } from './rpc/order-message.ts';
import type { OrderRow } from './schema/order.ts';
import { lockOrders } from './sql/lock-orders.ts';
import { type StepWrite, writeSteps } from './sql/write-steps.ts';

export interface AppliedChanges extends ChangeDecision {
  /** The orders as they were when they were locked. */
  orders: Map<string, OrderRow>;
}

/**
 * Locks the orders, decides each change by the one table of transitions, and writes the steps with
 * their history and events. The only way that an order's state changes after its creation.
 */
export async function applyChanges(
  tx: Tx,
  changes: readonly OrderChange[],
  { now, shipment = null }: { now: Date; shipment?: StepWrite['shipment'] },
): Promise<AppliedChanges> {
  const rows = await lockOrders(tx, [...new Set(changes.map(({ orderId }) => orderId))]);
  if (isDrill) await failpoint('apply.locked');
  const orders = new Map(rows.map((row) => [row.id, row]));
  const decision = changeOrders(rows, changes);
  const writes = decision.steps.map((step) => {
    const eventId = randomUUIDv7();
    const events = stepEvents(step, { eventId, order: orders.get(step.orderId)!, now });
    return { ...step, eventId, events, shipment };
  });
  await writeSteps(tx, writes, now);
  if (isDrill) await failpoint('apply.written');
  return { ...decision, orders };
}

/** Every step is told; one that begins a cancellation asks Payments as well. */
function stepEvents(
  step: OrderStep,
  { eventId, order, now }: { eventId: string; order: OrderRow; now: Date },
): OutboxEvent[] {
  const { userId } = order;
  const name = orderName(order.id);
  const amount = { currencyCode: order.currencyCode, amountMinor: order.amountMinor };
  const changed = orderStateChanged.toOutbox({
    eventId,
    userId,
    about: name,
    traceparent: step.traceparent,
    message: {
      order: name,
      userId,
      previousState: Order_State[step.from],
      state: Order_State[step.to],
      failureReason: failureReasonValue(step.failureReason),
      amount,
      version: step.version,
      changeTime: now,
    },
  });
  if (step.to !== 'CANCELLING') return [changed];
  const cancellation = paymentCancellationRequested.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: name,
    traceparent: step.traceparent,
    message: { order: name, userId, amount, requestTime: now },
  });
  return [cancellation, changed];
}
