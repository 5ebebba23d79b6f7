import { PaymentFailed } from '#gen/purser/payments/v1/events.ts';
import { Payment_FailureReason } from '#gen/purser/payments/v1/payment.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { paymentResult } from './payment-result.ts';

const reasons = new Map<number, string>(
  Object.entries(Payment_FailureReason).map(([name, value]) => [value, name]),
);

/** Nothing was debited: the order failed, for the reason that Payments gives. */
export function paymentFailed(delivery: Delivery): OrderChange {
  const { order, reason } = PaymentFailed.decode(delivery.payload);
  const failureReason = reasons.get(reason);
  if (!failureReason || reason <= 0)
    throw new Error(`unknown reason ${reason} of a failed payment`);
  return paymentResult(delivery, order, 'PAYMENT_FAILED', failureReason);
}
