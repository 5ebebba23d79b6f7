import { Notification_Kind } from '#gen/purser/notifications/v1/notification.ts';
import {
  AccountCreated,
  AccountToppedUp,
  PaymentCaptured,
  PaymentRefunded,
} from '#gen/purser/payments/v1/events.ts';
import type { Money } from '#gen/purser/type/v1/money.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { AccountHappening, Notice } from '../domain/happening.ts';
import { eventTime, moneyOf, userOf } from './event-fields.ts';

export function accountCreated(delivery: Delivery): AccountHappening | undefined {
  const event = AccountCreated.decode(delivery.payload);
  return accountHappening(delivery, event, { time: event.createTime });
}

export function accountToppedUp(delivery: Delivery): AccountHappening | undefined {
  const event = AccountToppedUp.decode(delivery.payload);
  const notice: Notice = {
    kind: Notification_Kind.ACCOUNT_TOPPED_UP,
    orderId: null,
    ...moneyOf(event.amount),
    failureReason: 0,
  };
  return accountHappening(delivery, event, { time: event.topUpTime, notice });
}

export function paymentCaptured(delivery: Delivery): AccountHappening | undefined {
  const event = PaymentCaptured.decode(delivery.payload);
  return accountHappening(delivery, event, { time: event.captureTime });
}

export function paymentRefunded(delivery: Delivery): AccountHappening | undefined {
  const event = PaymentRefunded.decode(delivery.payload);
  return accountHappening(delivery, event, { time: event.refundTime });
}

/** Undefined for an event that tells no balance: one of 0.1.0, or a decision told again. */
function accountHappening(
  delivery: Delivery,
  event: { userId: string; balance?: Money | undefined; ledgerVersion: bigint },
  { time, notice = null }: { time: Date | undefined; notice?: Notice | null },
): AccountHappening | undefined {
  if (!event.balance) return undefined;
  const { amountMinor: balanceMinor, currencyCode } = moneyOf(event.balance);
  return {
    kind: 'account',
    eventId: delivery.eventId,
    userId: userOf(event.userId),
    time: eventTime(time, delivery),
    deliveries: delivery.deliveries,
    traceparent: delivery.traceparent,
    ledgerVersion: event.ledgerVersion,
    balanceMinor,
    currencyCode,
    notice,
  };
}
