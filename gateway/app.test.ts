import * as assert from 'uvu/assert';
import { register } from 'prom-client';
import { PurserError } from '#lib/errors/purser-error.ts';
import { createLogger } from '#lib/log/logger.ts';
import { suite } from '../test/harness/suite.ts';
import {
  asAlice,
  asAliceWithJson,
  problemOf,
  startTestGateway,
  startTestServices,
  validOrder,
  type TestGateway,
  type TestServices,
} from './test-gateway.ts';

const test = suite('gateway');
const loggedLines: Record<string, unknown>[] = [];
const log = createLogger({
  service: 'test',
  instance: '0',
  level: 'info',
  destination: { write: (text) => void loggedLines.push(JSON.parse(text)) },
});
let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`, { log });
});
test.before.each(() => {
  services.received.length = 0;
  services.onCall = async () => undefined;
});
test.after(async () => {
  await gateway.stop();
  await services.stop();
});

test('a create reaches its service as the message of the contract, and answers 201', async () => {
  const response = await gateway.post('/v1/orders', validOrder, {
    ...asAliceWithJson,
    'idempotency-key': 'key-1',
  });
  assert.is(response.status, 201);
  assert.is(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const body = (await response.json()) as { state: string; amount: unknown; createTime: string };
  assert.is(body.state, 'PENDING');
  assert.equal(body.amount, { currencyCode: 'USD', amountMinor: '9007199254740993' });
  assert.is(body.createTime, '2026-01-02T03:04:05.678Z');
  const [received] = services.received;
  const request = received?.request as {
    requestId: string;
    order: { amount: unknown; description: string };
  };
  assert.is(request.requestId, 'key-1');
  assert.is(request.order.description, 'a lamp');
  assert.equal(request.order.amount, { currencyCode: 'USD', amountMinor: 100n });
  assert.is(received?.call.userId, 'alice');
  assert.is(received?.call.requestId, response.headers.get('x-request-id'));
});

test('path and query become the fields of the request', async () => {
  assert.is((await gateway.ask('/v1/orders/a%20b')).status, 200);
  assert.equal(services.received.at(-1)?.request, { name: 'orders/a b', asOf: undefined });
  assert.is(
    (await gateway.ask('/v1/orders?filter=state=PAID&pageSize=7&pageToken=t&orderBy=create_time'))
      .status,
    200,
  );
  assert.equal(services.received.at(-1)?.request, {
    filter: 'state=PAID',
    pageSize: 7,
    pageToken: 't',
    orderBy: 'create_time',
  });
});

test('a custom verb and an RPC without fields find their methods', async () => {
  assert.is((await gateway.post('/v1/account:topUp', { amount: validOrder.amount })).status, 200);
  assert.is(services.received.at(-1)?.method, 'TopUpAccount');
  const account = await gateway.ask('/v1/account');
  assert.is(services.received.at(-1)?.method, 'GetAccount');
  const body = (await account.json()) as { balance: unknown };
  assert.equal(body.balance, { currencyCode: 'USD', amountMinor: '0' });
});

test('what the service refuses by proto path is told by JSON path', async () => {
  const violations = [{ field: 'order.amount.amount_minor', description: 'must be even' }];
  services.onCall = () => Promise.reject(new PurserError('INVALID_REQUEST', {}, { violations }));
  const problem = await problemOf(await gateway.post('/v1/orders', validOrder));
  assert.equal(problem.violations, [{ field: 'amount.amountMinor', description: 'must be even' }]);
});

for (const [what, headers] of [
  ['no user id', {}],
  ['an empty one', { 'x-user-id': '' }],
  ['one with a space inside', { 'x-user-id': 'alice smith' }],
  ['one of 129 characters', { 'x-user-id': 'a'.repeat(129) }],
  ['one outside ASCII', { 'x-user-id': 'ål' }],
  [
    'one under another name',
    { 'x-user': 'alice', x_user_id: 'alice', 'x-forwarded-user': 'alice' },
  ],
  ['one in a query', {}],
] as [string, Record<string, string>][]) {
  test(`a request with ${what} is unauthenticated, before its body is looked at`, async () => {
    const response = await gateway.ask('/v1/orders?x-user-id=alice', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'text/plain' },
      body: '{"broken',
    });
    assert.is(response.status, 401);
    assert.is((await problemOf(response)).reason, 'USER_ID_REQUIRED');
    assert.is(services.received.length, 0);
  });
}

test('a user id of 128 visible characters is passed on as it is', async () => {
  const userId = `${'!~,;'.repeat(31)}abcd`;
  assert.is((await gateway.ask('/v1/account', { headers: { 'x-user-id': userId } })).status, 200);
  assert.is(services.received[0]?.call.userId, userId);
});

for (const [what, key] of [
  ['empty', ''],
  ['with a space', 'a b'],
  ['of 129 characters', 'k'.repeat(129)],
] as const) {
  test(`an idempotency key ${what} is refused`, async () => {
    const response = await gateway.post('/v1/orders', validOrder, {
      ...asAliceWithJson,
      'idempotency-key': key,
    });
    assert.is(response.status, 400);
    assert.is((await problemOf(response)).violations?.[0]?.field, 'Idempotency-Key');
  });
}

for (const path of [
  '/',
  '/v2/orders',
  '/v1/orders/',
  '/V1/orders',
  '/v1/orders/1/2',
  '/metrics',
  '/docs/../v1',
]) {
  test(`GET ${path} is not found`, async () => {
    const response = await gateway.ask(path);
    assert.is(response.status, 404);
    assert.is((await problemOf(response)).reason, 'ROUTE_NOT_FOUND');
  });
}

test('a wrong method answers 405 with those that there are', async () => {
  for (const [method, path, allow] of [
    ['DELETE', '/v1/orders', 'GET, HEAD, OPTIONS, POST'],
    ['PUT', '/v1/orders/1', 'GET, HEAD, OPTIONS'],
    ['GET', '/v1/account:topUp', 'OPTIONS, POST'],
    ['PROPFIND', '/v1/orders', 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const response = await gateway.ask(path, { method, headers: {} });
    assert.is(response.status, 405, method);
    assert.is(response.headers.get('allow'), allow);
    assert.equal((await problemOf(response)).metadata, { method });
  }
});

test('OPTIONS says what a path takes, and HEAD is GET without the body', async () => {
  const options = await gateway.ask('/v1/orders', { method: 'OPTIONS', headers: {} });
  assert.is(options.status, 204);
  assert.is(options.headers.get('allow'), 'GET, HEAD, OPTIONS, POST');
  assert.is(options.headers.get('access-control-allow-origin'), null);
  const head = await gateway.ask('/v1/orders', { method: 'HEAD' });
  assert.is(head.status, 200);
  assert.is(await head.text(), '');
  assert.is(services.received.at(-1)?.method, 'ListOrders');
});

test('an error of the service is a problem with its reason and metadata', async () => {
  services.onCall = () => Promise.reject(new PurserError('ORDER_NOT_FOUND', { order: 'orders/9' }));
  const response = await gateway.ask('/v1/orders/9?');
  assert.is(response.status, 404);
  const problem = await problemOf(response);
  assert.is(problem.reason, 'ORDER_NOT_FOUND');
  assert.is(problem.instance, '/v1/orders/9');
  assert.equal(problem.metadata, { order: 'orders/9' });
});

test('what nobody foresaw in a service tells the caller nothing but the request id', async () => {
  services.onCall = () => Promise.reject(new Error('password hunter2'));
  const response = await gateway.ask('/v1/orders/9');
  assert.is(response.status, 500);
  const problem = await problemOf(response);
  assert.is(problem.reason, 'INTERNAL');
  assert.not.match(JSON.stringify(problem), /hunter2/);
});

test('shed load asks for patience', async () => {
  services.onCall = () =>
    Promise.reject(new PurserError('OVERLOADED', {}, { retryDelayMs: 2_500 }));
  const response = await gateway.ask('/v1/orders/9');
  assert.is(response.status, 503);
  assert.is(response.headers.get('retry-after'), '3');
  assert.is((await problemOf(response)).reason, 'OVERLOADED');
});

test('the request id is ours, whatever the caller sends', async () => {
  const response = await gateway.ask('/v1/orders', {
    headers: { ...asAlice, 'x-request-id': 'caller-made-this' },
  });
  const id = response.headers.get('x-request-id');
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.is(services.received[0]?.call.requestId, id);
  assert.is(response.headers.get('cache-control'), 'no-store');
});

test('a request leaves one log line, with the route and a hash for the user id', async () => {
  const response = await gateway.ask('/v1/orders/secret-id', {
    headers: { 'x-user-id': 'alice-in-logs' },
  });
  await response.text();
  const id = response.headers.get('x-request-id');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const lines = loggedLines.filter((line) => line.requestId === id);
  assert.is(lines.length, 1);
  assert.is(lines[0]?.route, '/v1/orders/{order}');
  assert.is(lines[0]?.status, 200);
  assert.match(String(lines[0]?.user), /^[0-9a-f]{16}$/);
  assert.not.match(JSON.stringify(loggedLines), /alice-in-logs|secret-id/);
  const metrics = await register.metrics();
  assert.match(
    metrics,
    /http_requests_total\{route="\/v1\/orders\/\{order\}",method="GET",status="200"\} [1-9]/,
  );
});

test('liveness and readiness need no user id', async () => {
  const alive = await gateway.ask('/healthz', { headers: {} });
  assert.is(alive.status, 200);
  assert.equal(await alive.json(), { alive: true });
  const ready = await gateway.ask('/readyz', { headers: {} });
  assert.is(ready.status, 200);
  const checks = ['notifications', 'operations', 'orders', 'payments'];
  assert.equal(await ready.json(), { ready: true, degraded: false, checks, failures: {} });
});

test.run();
