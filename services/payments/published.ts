import {
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  PaymentVoided,
} from '#gen/purser/payments/v1/events.ts';
import { defineEvent } from '#lib/outbox/event.ts';

/** The events that Payments publishes. */
export const paymentCaptured = defineEvent({
  type: 'purser.payments.v1.PaymentCaptured',
  subject: 'purser.v1.payments.payment_captured',
  codec: PaymentCaptured,
});

export const paymentFailed = defineEvent({
  type: 'purser.payments.v1.PaymentFailed',
  subject: 'purser.v1.payments.payment_failed',
  codec: PaymentFailed,
});

export const paymentVoided = defineEvent({
  type: 'purser.payments.v1.PaymentVoided',
  subject: 'purser.v1.payments.payment_voided',
  codec: PaymentVoided,
});

export const paymentRefunded = defineEvent({
  type: 'purser.payments.v1.PaymentRefunded',
  subject: 'purser.v1.payments.payment_refunded',
  codec: PaymentRefunded,
});
