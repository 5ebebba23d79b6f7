// For the gateway's tests: the real gateway in front of real gRPC servers of the generated
// services, whose handlers answer what the test wants.
import * as assert from 'uvu/assert';
import { createLogger, type Logger } from '#lib/log/logger.ts';
import { routes } from '#gen/routes.ts';
import { OrderExplanation } from '#gen/purser/orders/v1/explanation.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { startGrpcServer, type GrpcServer, type Implementations } from '#lib/grpc/server.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { type Address, LiveProxy } from './live-proxy.ts';
import { startGateway, type Gateway, type GatewayOptions } from './server.ts';
import { unusedHandlers } from '#lib/grpc/unused-handlers.ts';
import { closeUpstreams, connectUpstreams } from '#lib/grpc/upstreams.ts';
import { upstreamChecks } from './upstreams.ts';

/** One call that a service got. */
export interface Received {
  method: string;
  request: unknown;
  call: CallContext;
}

export interface TestServices extends GrpcServer {
  received: Received[];
  /**
   * Runs in every handler before it answers. Throws the error, or returns the message, that the
   * service should answer with; undefined for the canned one.
   */
  onCall: (received: Received) => Promise<unknown>;
}

export const silent = createLogger({ service: 'test', instance: '0', level: 'silent' });

const time = new Date('2026-01-02T03:04:05.678Z');
export const cannedOrder: Order = {
  ...Order.decode(new Uint8Array()),
  name: 'orders/1',
  userId: 'alice',
  state: 1,
  amount: { currencyCode: 'USD', amountMinor: 9_007_199_254_740_993n },
  description: 'a lamp',
  version: 1n,
  etag: 'e1',
  createTime: time,
  updateTime: time,
};
const cannedAccount: Account = {
  ...Account.decode(new Uint8Array()),
  userId: 'alice',
  balance: { currencyCode: 'USD', amountMinor: 0n },
};

/** Orders and Payments on one port, with canned answers. */
export async function startTestServices(port = 0): Promise<TestServices> {
  const services = {
    received: [] as Received[],
    onCall: async (_received: Received): Promise<unknown> => undefined,
  };
  const answer =
    <Res>(method: string, response: Res) =>
    async (request: unknown, call: CallContext): Promise<Res> => {
      const received = { method, request, call };
      services.received.push(received);
      return ((await services.onCall(received)) as Res | undefined) ?? response;
    };
  const implementations: Implementations = {
    ...unusedHandlers('purser.orders.v1.OrderService'),
    ...unusedHandlers('purser.payments.v1.AccountService'),
    '/purser.orders.v1.OrderService/CreateOrder': answer('CreateOrder', cannedOrder),
    '/purser.orders.v1.OrderService/GetOrder': answer('GetOrder', cannedOrder),
    '/purser.orders.v1.OrderService/ListOrders': answer('ListOrders', {
      orders: [],
      nextPageToken: '',
    }),
    '/purser.orders.v1.OrderService/ListOrderEvents': answer('ListOrderEvents', {
      events: [],
      nextPageToken: '',
    }),
    '/purser.orders.v1.OrderService/ExplainOrder': answer(
      'ExplainOrder',
      OrderExplanation.decode(new Uint8Array()),
    ),
    '/purser.orders.v1.OrderService/CancelOrder': answer('CancelOrder', cannedOrder),
    '/purser.orders.v1.OrderService/AssembleOrder': answer('AssembleOrder', cannedOrder),
    '/purser.orders.v1.OrderService/ShipOrder': answer('ShipOrder', cannedOrder),
    '/purser.orders.v1.OrderService/DeliverOrder': answer('DeliverOrder', cannedOrder),
    '/purser.payments.v1.AccountService/CreateAccount': answer('CreateAccount', cannedAccount),
    '/purser.payments.v1.AccountService/GetAccount': answer('GetAccount', cannedAccount),
    '/purser.payments.v1.AccountService/TopUpAccount': answer('TopUpAccount', cannedAccount),
    '/purser.payments.v1.AccountService/ListEntries': answer('ListEntries', {
      entries: [],
      nextPageToken: '',
    }),
  };
  const readiness = new Readiness({ checks: {}, log: silent });
  const options = { host: '127.0.0.1', port, log: silent, readiness, reflection: false };
  const server = await startGrpcServer({ ...options, implementations });
  return Object.assign(services, server);
}

export interface TestGateway extends Gateway {
  url: string;
  /** Sends a request, as alice unless it has headers of its own. */
  ask(path: string, ask?: Ask): Promise<Response>;
  /** Posts the body, as JSON unless it is text. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  readiness: Readiness;
}

/** A gateway whose domains all lead to the target, unless it is told otherwise. */
export async function startTestGateway(
  target: string,
  options: Pick<GatewayOptions, 'limits' | 'pages' | 'rates'> & {
    log?: Logger;
    liveTargets?: Address[];
    /** Of domains that lead elsewhere. */
    targets?: Record<string, string>;
  } = {},
): Promise<TestGateway> {
  const { limits = {}, log = silent, liveTargets = [], pages, rates = {} } = options;
  const own = { orders: target, payments: target, notifications: target, operations: target };
  const upstreams = connectUpstreams({ ...own, ...options.targets }, silent);
  const readiness = new Readiness({ ...upstreamChecks(upstreams, pages), log: silent });
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    routes,
    upstreams,
    readiness,
    live: new LiveProxy({ targets: liveTargets, log, answerMs: 500 }),
    log,
    limits,
    pages,
    rates,
  });
  const stop = async () => {
    await gateway.stop();
    closeUpstreams(upstreams);
  };
  const url = `http://127.0.0.1:${gateway.port}`;
  const ask = (path: string, { method = 'GET', headers = asAlice, body }: Ask = {}) =>
    fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const post = (path: string, body: unknown, headers: Record<string, string> = asAliceWithJson) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return ask(path, { method: 'POST', headers, body: text });
  };
  return { ...gateway, stop, readiness, url, ask, post };
}

export const asAlice = { 'x-user-id': 'alice' };
export const asAliceWithJson = { ...asAlice, 'content-type': 'application/json' };
export const validOrder = {
  amount: { currencyCode: 'USD', amountMinor: '100' },
  description: 'a lamp',
};

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface Problem {
  status: number;
  reason: string;
  requestId: string;
  instance: string;
  violations?: { field: string; description: string }[];
  metadata?: Record<string, string>;
}

/** The problem in the answer, after the checks that hold for every one. */
export async function problemOf(response: Response): Promise<Problem> {
  assert.is(response.headers.get('content-type'), 'application/problem+json');
  assert.is(response.headers.get('cache-control'), 'no-store');
  assert.is(response.headers.get('x-content-type-options'), 'nosniff');
  const problem = (await response.json()) as Problem;
  assert.is(problem.status, response.status);
  assert.match(problem.requestId, /^[0-9a-f-]{36}$/);
  assert.is(problem.requestId, response.headers.get('x-request-id'));
  return problem;
}
