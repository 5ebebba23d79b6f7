import * as assert from 'uvu/assert';
import { startGrpcServer } from '../../../lib/grpc/server.ts';
import { host, log, startUpstream } from '../../../lib/grpc/test-upstream.ts';
import { unusedHandlers } from '../../../lib/grpc/unused-handlers.ts';
import { PurserError as ServiceError } from '../../../lib/errors/purser-error.ts';
import type { CallContext } from '../../../lib/grpc/unary-call.ts';
import { Readiness } from '../../../lib/process/readiness.ts';
import { suite } from '../../../test/harness/suite.ts';
import { usd } from '../money.ts';
import { PurserError } from '../purser-error.ts';
import { PurserGrpc } from './index.ts';
import type { PurserGrpcOptions } from './index.ts';

const test = suite('gRPC of the SDK');

function client(port: number, options: Partial<PurserGrpcOptions> = {}): PurserGrpc {
  const target = `${host}:${port}`;
  return new PurserGrpc({
    targets: { orders: target, payments: target },
    userId: 'ann',
    ...options,
  });
}

async function errorOf(call: Promise<unknown>): Promise<PurserError> {
  const error = await call.catch((thrown: unknown) => thrown);
  assert.instance(error, PurserError);
  return error as PurserError;
}

test('a call carries user, role and deadline, and its answer has the values of REST', async () => {
  const upstream = await startUpstream();
  const purser = client(upstream.port, { tryTimeoutMs: 1_500, userRole: 'staff' });
  const order = await purser.orders.get('orders/1', { asOf: new Date() });
  assert.equal([order.name, order.version, order.allowedActions], ['orders/1', 0n, []]);
  const [seen] = upstream.calls;
  assert.equal([seen?.userId, seen?.isStaff], ['ann', true]);
  const leftMs = Number(seen?.deadline) - Date.now();
  assert.ok(leftMs > 500 && leftMs <= 1_600, String(leftMs));
  purser.close();
  await upstream.stop();
});

test('every try carries the same key and amount, until one is answered', async () => {
  const requests: { requestId: string; order: { amount: unknown } }[] = [];
  const create = async (request: never, _call: CallContext) => {
    requests.push(request);
    if (requests.length < 3) throw new ServiceError('OVERLOADED', {}, { retryDelayMs: 1 });
    return (request as { order: object }).order;
  };
  const server = await startGrpcServer({
    host,
    port: 0,
    implementations: {
      ...unusedHandlers('purser.orders.v1.OrderService'),
      '/purser.orders.v1.OrderService/CreateOrder': create as never,
    },
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection: false,
  });
  const purser = client(server.port);
  const { amount } = await purser.orders.create({ amount: usd('12.50') });
  assert.equal(amount, usd('12.50'));
  assert.is(requests.length, 3);
  assert.is(new Set(requests.map(({ requestId }) => requestId)).size, 1);
  assert.match(requests[0]?.requestId ?? '', /^[0-9a-f]{32}$/);
  assert.equal(requests[0]?.order.amount, usd('12.50'));
  purser.close();
  await server.stop();
});

test('errors have the shape of REST, with its paths', async () => {
  const violations = [{ field: 'order.amount.amount_minor', description: 'must be nicer' }];
  const upstream = await startUpstream({
    work: () => Promise.reject(new ServiceError('INVALID_REQUEST', {}, { violations })),
  });
  const purser = client(upstream.port);
  const error = await errorOf(purser.orders.create({ amount: usd('1') }));
  assert.is(error.reason, 'INVALID_REQUEST');
  assert.equal(error.violations, [{ field: 'amount.amountMinor', description: 'must be nicer' }]);
  assert.match(error.requestId ?? '', /^[0-9a-f-]{36}$/);
  assert.equal([error.status, error.attempt], [undefined, 1]);
  purser.close();
  await upstream.stop();
});

test('metadata of an error arrives', async () => {
  const metadata = { order: 'orders/1', etag: 'v2' };
  const upstream = await startUpstream({
    work: () => Promise.reject(new ServiceError('ETAG_MISMATCH', metadata)),
  });
  const purser = client(upstream.port);
  const error = await errorOf(purser.orders.cancel('orders/1', { etag: 'v1' }));
  assert.is(error.message, 'The order orders/1 has changed; its etag is now v2.');
  assert.equal(error.metadata, metadata);
  purser.close();
  await upstream.stop();
});

test('what can be seen to be wrong is not sent', async () => {
  const upstream = await startUpstream();
  const purser = client(upstream.port);
  const amount = { currencyCode: 'usd', amountMinor: 'x' as unknown as bigint };
  const error = await errorOf(purser.orders.create({ amount }));
  assert.is(error.reason, 'INVALID_REQUEST');
  const fields = error.violations.map(({ field }) => field);
  assert.ok(fields.includes('amount.amountMinor'), fields.join());
  assert.is(upstream.calls.length, 0);
  purser.close();
  await upstream.stop();
});

test('nobody there, no time, and an abort are typed errors', async () => {
  let release: (value?: unknown) => void = () => {};
  const upstream = await startUpstream({ work: () => new Promise((done) => (release = done)) });
  const purser = client(upstream.port, { timeoutMs: 200 });
  assert.is((await errorOf(purser.orders.get('orders/1'))).reason, 'DEADLINE_EXCEEDED');
  release();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const { signal } = controller;
  const aborted = purser.orders.get('orders/1', { signal, timeoutMs: 5_000 });
  assert.is((await errorOf(aborted)).reason, 'CANCELLED');
  release();
  purser.close();
  await upstream.stop();
  const alone = client(upstream.port, { triesMax: 2 });
  const error = await errorOf(alone.orders.get('orders/1'));
  assert.equal([error.reason, error.attempt], ['CONNECTION_FAILED', 2]);
  alone.close();
});

test('a server that comes back is found again within the call', async () => {
  const first = await startUpstream();
  const purser = client(first.port);
  await purser.orders.get('orders/1');
  await first.stop();
  const call = purser.orders.get('orders/1');
  const second = await startUpstream({ port: first.port });
  assert.is((await call).name, 'orders/1');
  purser.close();
  await second.stop();
});

test.run();
