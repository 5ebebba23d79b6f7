import { PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { PaymentRequest } from '../domain/settle.ts';

const amountMinorMax = 1_000_000_000_000n;

/**
 * An order wants to be paid. A message from the broker is checked like a caller's request; it
 * throws for one that can never be settled, which sends it to the dead letters.
 */
export function paymentRequested({ eventId, payload }: Delivery): PaymentRequest {
  const { order, userId, amount } = PaymentRequested.decode(payload);
  const orderId = orderIdOf(order);
  if (!orderId) throw new Error(`"${order}" is not the name of an order`);
  if (!/^[!-~]{1,128}$/.test(userId)) throw new Error('a payment request without a valid user id');
  if (!amount || !/^[A-Z]{3}$/.test(amount.currencyCode))
    throw new Error('a payment request without a currency');
  if (amount.amountMinor < 1n || amount.amountMinor > amountMinorMax) {
    throw new Error(`a payment request of ${amount.amountMinor} minor units`);
  }
  return {
    eventId,
    orderId,
    userId,
    amountMinor: amount.amountMinor,
    currencyCode: amount.currencyCode,
  };
}
