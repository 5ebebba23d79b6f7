import { PaymentCancellationRequested } from '#gen/purser/orders/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { PaymentWish } from '../domain/settle.ts';
import { paymentWish } from './payment-wish.ts';

/** An order was cancelled and wants its payment undone. */
export function paymentCancellationRequested(delivery: Delivery): PaymentWish {
  return paymentWish('undo', delivery, PaymentCancellationRequested.decode(delivery.payload));
}
