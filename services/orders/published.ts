import { events } from '#gen/events.ts';
import { defineEvent } from '#lib/outbox/event.ts';

/** The events that Orders publishes. */
export const paymentRequested = defineEvent(events['purser.orders.v1.PaymentRequested']);
export const paymentCancellationRequested = defineEvent(
  events['purser.orders.v1.PaymentCancellationRequested'],
);
export const orderStateChanged = defineEvent(events['purser.orders.v1.OrderStateChanged']);
