import { PaymentCaptured } from '#gen/purser/payments/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { orderIdOrPoison } from './order-id-or-poison.ts';

/** The amount was debited: the order is paid. */
export function paymentCaptured({ eventId, payload }: Delivery): OrderChange {
  const { order } = PaymentCaptured.decode(payload);
  return {
    orderId: orderIdOrPoison(order),
    to: 'PAID',
    failureReason: null,
    causeEventId: eventId,
  };
}
