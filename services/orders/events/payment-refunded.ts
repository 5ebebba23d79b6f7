import { PaymentRefunded } from '#gen/purser/payments/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { paymentResult } from './payment-result.ts';

/** The amount was credited again: the order is cancelled. */
export function paymentRefunded(delivery: Delivery): OrderChange {
  return paymentResult(
    delivery,
    PaymentRefunded.decode(delivery.payload).order,
    'PAYMENT_REFUNDED',
  );
}
