import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import { duplicates } from '#lib/inbox/inbox-metrics.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { traceEach } from '#lib/trace/tracing.ts';
import { applyChanges } from '../apply-changes.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { countSteps } from '../order-metrics.ts';
import { timePayments } from '../payment-metrics.ts';
import { paymentCaptured } from './payment-captured.ts';
import { paymentFailed } from './payment-failed.ts';
import { paymentRefunded } from './payment-refunded.ts';
import { paymentVoided } from './payment-voided.ts';

/** What is consumed, by its type, and the change of an order that it asks for. */
export const paymentResults: Record<string, (delivery: Delivery) => OrderChange> = {
  'purser.payments.v1.PaymentCaptured': paymentCaptured,
  'purser.payments.v1.PaymentFailed': paymentFailed,
  'purser.payments.v1.PaymentVoided': paymentVoided,
  'purser.payments.v1.PaymentRefunded': paymentRefunded,
};

/**
 * Applies a batch of results in one transaction. Needs no inbox: a change that the order's state
 * does not allow, or that was made already, has no effect. Throws for a message that can never be
 * applied.
 */
export function applyPaymentResults({ database, clock, committed, log }: ServiceDeps) {
  return async (batch: readonly Delivery[]): Promise<void> => {
    const changes = batch.flatMap((delivery) => paymentResults[delivery.type]?.(delivery) ?? []);
    if (changes.length === 0) return;
    const { steps, refused, orders } = await database.transaction(async (tx) => {
      if (isDrill) await failpoint('apply.begun');
      const applied = await traceEach('order state', changes, () =>
        applyChanges(tx, changes, { now: clock() }),
      );
      const [stranger] = applied.unknown;
      if (stranger) throw new Error(`a result of the unknown order ${stranger.orderId}`);
      return applied;
    });
    if (isDrill) await failpoint('apply.committed');
    committed();
    duplicates.inc(changes.length - steps.length - refused.length);
    timePayments(steps, orders, clock());
    countSteps(steps);
    for (const change of refused) {
      log.error({ change }, 'a payment result contradicts the order and was ignored');
    }
  };
}
