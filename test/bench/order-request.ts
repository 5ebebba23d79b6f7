import { Order } from '#gen/purser/orders/v1/order.ts';
import { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { requestOf } from './http-connection.ts';

const amountMinor = 1250n;
const currencyCode = 'USD';
const description = 'Two coffees';

const emptyOrder = Order.decode(new Uint8Array());

let keys = 0;

/** What every scenario orders, under a key of its own; the bytes of a REST request. */
export function restOrder(userId: string): string {
  const headers = { 'X-User-Id': userId, 'Idempotency-Key': `bench-${keys++}` };
  const amount = { currencyCode, amountMinor: String(amountMinor) };
  return requestOf('POST', '/v1/orders', headers, { amount, description });
}

/** The same for gRPC. */
export function grpcOrder(): CreateOrderRequest {
  const order = { ...emptyOrder, amount: { currencyCode, amountMinor }, description };
  return { ...CreateOrderRequest.decode(new Uint8Array()), order, requestId: `bench-${keys++}` };
}
