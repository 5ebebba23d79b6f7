import { PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { PaymentWish } from '../domain/settle.ts';
import { paymentWish } from './payment-wish.ts';

/** An order wants to be paid. */
export function paymentRequested(delivery: Delivery): PaymentWish {
  return paymentWish('pay', delivery, PaymentRequested.decode(delivery.payload));
}
