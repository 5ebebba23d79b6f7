import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { PurserError, type Reason } from '#lib/errors/purser-error.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import type { CallOptions, GrpcClient } from './client.ts';
import { startGrpcServer, type GrpcServer } from './server.ts';
import type { CallContext } from './unary-call.ts';
import { unusedHandlers } from './unused-handlers.ts';

// For tests of the client: a real server, and calls that say how they ended.

export const log = createLogger({ service: 'test', instance: '0', level: 'silent' });
export const getOrder = methods['/purser.orders.v1.OrderService/GetOrder'];
export const createOrder = methods['/purser.orders.v1.OrderService/CreateOrder'];
export const cancelOrder = methods['/purser.orders.v1.OrderService/CancelOrder'];
export const host = '127.0.0.1';

export interface Upstream extends GrpcServer {
  /** Calls that reached its handlers. */
  calls: CallContext[];
}

export type Work = (call: CallContext) => Promise<unknown>;

/** A real server whose handlers do the work and answer with an order. */
export async function startUpstream(
  options: { port?: number; work?: Work; address?: string } = {},
): Promise<Upstream> {
  const { port = 0, work = async () => {}, address = host } = options;
  const calls: CallContext[] = [];
  const answer = async (_request: unknown, call: CallContext): Promise<Order> => {
    calls.push(call);
    await work(call);
    return { ...Order.decode(new Uint8Array()), name: 'orders/1' };
  };
  const server = await startGrpcServer({
    host: address,
    port,
    implementations: {
      ...unusedHandlers('purser.orders.v1.OrderService'),
      '/purser.orders.v1.OrderService/CreateOrder': answer,
      '/purser.orders.v1.OrderService/GetOrder': answer,
      '/purser.orders.v1.OrderService/CancelOrder': answer,
    },
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection: false,
  });
  return { ...server, calls };
}

export const options = (more: Partial<CallOptions> = {}): CallOptions => ({
  userId: 'alice',
  requestId: 'request-0001',
  deadline: new Date(Date.now() + 2_000),
  ...more,
});

export const get = (client: GrpcClient, more?: Partial<CallOptions>) =>
  client.unary(getOrder, { name: 'orders/1', asOf: undefined }, options(more));

export const cancel = (client: GrpcClient) =>
  client.unary(cancelOrder, { name: 'orders/1', reason: '', etag: '' }, options());

export const create = (client: GrpcClient, requestId: string) => {
  const order = {
    ...Order.decode(new Uint8Array()),
    amount: { currencyCode: 'USD', amountMinor: 1n },
  };
  const request: CreateOrderRequest = { order, requestId };
  return client.unary(createOrder, request, options());
};

export async function reasonOf(call: Promise<unknown>): Promise<Reason | 'none'> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof PurserError) return error.reason;
    throw error;
  }
}

/** Calls until one succeeds; the milliseconds that took. */
export async function recovery(client: GrpcClient, limitMs: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const attempt = get(client, { deadline: new Date(Date.now() + 300) });
    if ((await reasonOf(attempt)) === 'none') return performance.now() - startedMs;
    assert.ok(performance.now() - startedMs < limitMs, `no recovery within ${limitMs} ms`);
    await sleep(50);
  }
}
