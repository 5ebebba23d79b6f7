import { PaymentCaptured } from '#gen/purser/payments/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { paymentResult } from './payment-result.ts';

/** The amount was debited: the order is paid. */
export function paymentCaptured(delivery: Delivery): OrderChange {
  return paymentResult(
    delivery,
    PaymentCaptured.decode(delivery.payload).order,
    'PAYMENT_CAPTURED',
  );
}
