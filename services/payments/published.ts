import { events } from '#gen/events.ts';
import { defineEvent } from '#lib/outbox/event.ts';

/** The events that Payments publishes. */
export const paymentCaptured = defineEvent(events['purser.payments.v1.PaymentCaptured']);
export const paymentFailed = defineEvent(events['purser.payments.v1.PaymentFailed']);
export const paymentVoided = defineEvent(events['purser.payments.v1.PaymentVoided']);
export const accountCreated = defineEvent(events['purser.payments.v1.AccountCreated']);
export const accountToppedUp = defineEvent(events['purser.payments.v1.AccountToppedUp']);
export const paymentRefunded = defineEvent(events['purser.payments.v1.PaymentRefunded']);
