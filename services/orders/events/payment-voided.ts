import { PaymentVoided } from '#gen/purser/payments/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { paymentResult } from './payment-result.ts';

/** Nothing was debited and nothing will be: the order is cancelled. */
export function paymentVoided(delivery: Delivery): OrderChange {
  return paymentResult(delivery, PaymentVoided.decode(delivery.payload).order, 'PAYMENT_VOIDED');
}
