import type { Money } from '#gen/purser/type/v1/money.ts';
import type { Delivery } from '#lib/nats/delivery.ts';

// A message from the broker is checked like a caller's request.

export function userOf(userId: string): string {
  if (!/^[!-~]{1,128}$/.test(userId)) throw new Error('an event without a valid user id');
  return userId;
}

export function moneyOf(money: Money | undefined): { amountMinor: bigint; currencyCode: string } {
  if (!money || !/^[A-Z]{3}$/.test(money.currencyCode)) {
    throw new Error('an event without a currency');
  }
  const { amountMinor, currencyCode } = money;
  return { amountMinor, currencyCode };
}

/** When it happened, by the event or by its message. */
export function eventTime(time: Date | undefined, delivery: Delivery): Date {
  const known = time ?? delivery.time;
  if (!known) throw new Error('an event without a time');
  return known;
}
