import {
  OrderStateChanged,
  PaymentCancellationRequested,
  PaymentRequested,
} from '#gen/purser/orders/v1/events.ts';
import { defineEvent } from '#lib/outbox/event.ts';

/** The events that Orders publishes. */
export const paymentRequested = defineEvent({
  type: 'purser.orders.v1.PaymentRequested',
  subject: 'purser.v1.orders.payment_requested',
  codec: PaymentRequested,
});

export const paymentCancellationRequested = defineEvent({
  type: 'purser.orders.v1.PaymentCancellationRequested',
  subject: 'purser.v1.orders.payment_cancellation_requested',
  codec: PaymentCancellationRequested,
});

export const orderStateChanged = defineEvent({
  type: 'purser.orders.v1.OrderStateChanged',
  subject: 'purser.v1.orders.order_state_changed',
  codec: OrderStateChanged,
});
