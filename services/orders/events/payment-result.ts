import type { Delivery } from '#lib/nats/delivery.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import type { Trigger } from '../domain/order-state.ts';

/**
 * What Payments decided about an order. Throws for a name that no order can have: such a message
 * can never be applied.
 */
export function paymentResult(
  { eventId, streamed, traceparent }: Delivery,
  order: string,
  trigger: Trigger,
  failureReason: string | null = null,
): OrderChange {
  const orderId = orderIdOf(order);
  if (!orderId) throw new Error(`"${order}" is not the name of an order`);
  return {
    orderId,
    trigger,
    failureReason,
    actor: 'PAYMENTS',
    actorUserId: null,
    reason: '',
    causeEventId: eventId,
    causeStreamed: streamed,
    traceparent,
  };
}
