import type { Money } from '#gen/purser/type/v1/money.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { PaymentWish } from '../domain/settle.ts';

const amountMinorMax = 1_000_000_000_000n;

/**
 * What an order wants of Payments. A message from the broker is checked like a caller's request;
 * it throws for one that can never be settled, which sends it to the dead letters.
 */
export function paymentWish(
  kind: PaymentWish['kind'],
  { eventId, streamed, traceparent }: Delivery,
  { order, userId, amount }: { order: string; userId: string; amount: Money | undefined },
): PaymentWish {
  const orderId = orderIdOf(order);
  if (!orderId) throw new Error(`"${order}" is not the name of an order`);
  if (!/^[!-~]{1,128}$/.test(userId)) throw new Error('a payment request without a valid user id');
  if (!amount || !/^[A-Z]{3}$/.test(amount.currencyCode)) {
    throw new Error('a payment request without a currency');
  }
  const { amountMinor, currencyCode } = amount;
  if (amountMinor < 1n || amountMinor > amountMinorMax) {
    throw new Error(`a payment request of ${amountMinor} minor units`);
  }
  return { kind, eventId, orderId, userId, amountMinor, currencyCode, streamed, traceparent };
}
