import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { Caller } from './caller.ts';
import type { Hooks } from './hooks.ts';
import { usd } from './money.ts';
import { PurserError } from './purser-error.ts';
import { problem, scriptedServer } from './scripted-server.ts';
import type { Asked, ScriptedServer, Step } from './scripted-server.ts';

const test = suite('calls of the SDK');

const overloaded = problem(503, 'OVERLOADED');
const unavailable = problem(503, 'DEPENDENCY_UNAVAILABLE');

async function withServer(
  script: readonly Step[] | ((asked: Asked, index: number) => Step),
  use: (server: ScriptedServer) => Promise<void>,
): Promise<void> {
  const server = await scriptedServer(script);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function errorOf(call: Promise<unknown>): Promise<PurserError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, PurserError);
  return error as PurserError;
}

const newOrder = { amount: usd('12.50'), description: 'Two coffees' };

test('every try of a keyed call carries the same key, and every call another', () =>
  withServer([unavailable, 'break', overloaded, {}], async (server) => {
    const purser = server.client();
    const order = await purser.orders.create(newOrder);
    assert.equal(order.amount, usd('12.50'));
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    assert.is(keys.length, 4);
    assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
    assert.is(new Set(keys).size, 1);
    await purser.orders.create(newOrder);
    assert.is.not(server.asked[4]?.headers['idempotency-key'], keys[0]);
  }));

test('the caller may give the key', () =>
  withServer(['break', {}], async (server) => {
    await server.client().orders.create(newOrder, { idempotencyKey: 'my-order-1' });
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    assert.equal(keys, ['my-order-1', 'my-order-1']);
  }));

test('an operation that is idempotent by its contract is repeated without a key', () =>
  withServer([unavailable, {}], async (server) => {
    await server.client().orders.cancel('orders/1', { reason: 'late', etag: 'v1' });
    assert.is(server.asked.length, 2);
    assert.is(server.asked[1]?.headers['idempotency-key'], undefined);
    assert.is(server.asked[1]?.headers['if-match'], '"v1"');
    assert.equal(JSON.parse(server.asked[1]?.body ?? ''), { reason: 'late' });
  }));

for (const [reason, status] of [
  ['ORDER_NOT_FOUND', 404],
  ['INVALID_REQUEST', 400],
  ['IDEMPOTENCY_KEY_REUSED', 409],
  ['INTERNAL', 500],
  ['CANCELLED', 499],
] as const) {
  test(`${reason} is not repeated`, () =>
    withServer([problem(status, reason)], async (server) => {
      const error = await errorOf(server.client().orders.get('orders/1'));
      assert.equal([error.reason, error.status, error.attempt], [reason, status, 1]);
      assert.is(server.asked.length, 1);
    }));
}

for (const status of [408, 429, 502, 503, 504]) {
  test(`a proxy's ${status} is repeated`, () =>
    withServer([{ status, text: '<html>no</html>' }, {}], async (server) => {
      assert.is((await server.client().orders.get('orders/1')).name, 'orders/1');
    }));
}

test('Retry-After is the least wait', () =>
  withServer([problem(503, 'OVERLOADED', '1'), {}], async (server) => {
    await server.client().orders.get('orders/1');
    const [first, second] = server.asked;
    const waitedMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    assert.ok(waitedMs >= 990 && waitedMs < 1_400, String(waitedMs));
  }));

test('a Retry-After beyond the time for the call ends it at once', () =>
  withServer([problem(503, 'OVERLOADED', '60')], async (server) => {
    const startedMs = performance.now();
    const error = await errorOf(server.client({ timeoutMs: 5_000 }).orders.get('orders/1'));
    assert.equal([error.reason, error.retryAfterMs], ['OVERLOADED', 60_000]);
    assert.ok(performance.now() - startedMs < 1_000);
  }));

test('without a limit of time the tries go on', () =>
  withServer([unavailable, 'hang', {}], async (server) => {
    const purser = server.client({ timeoutMs: Infinity, tryTimeoutMs: 50 });
    assert.is((await purser.orders.get('orders/1')).name, 'orders/1');
  }));

test('a mutation without a key is repeated only when nothing was done', async () => {
  const operation = { rpc: '/Toys/Wind', method: 'POST', path: '/v1/toys:wind' } as const;
  const failures = ['OVERLOADED', 'RATE_LIMITED', 'DEPENDENCY_UNAVAILABLE', 'unused'];
  const send = () =>
    Promise.reject(new PurserError(failures.shift() ?? '', 'no', { retryAfterMs: 1 }));
  const caller = new Caller({ send }, { userId: 'ann' });
  const error = await errorOf(caller.unary(operation, {}, () => undefined));
  assert.is(error.reason, 'DEPENDENCY_UNAVAILABLE');
  assert.equal(failures, ['unused']);
});

test('the tries are counted, and triesMax is the most', () =>
  withServer([unavailable], async (server) => {
    const error = await errorOf(server.client({ triesMax: 3 }).orders.create(newOrder));
    assert.is(error.attempt, 3);
    assert.is(server.asked.length, 3);
    assert.is(error.idempotencyKey, server.asked[0]?.headers['idempotency-key']);
    assert.is(error.operation, '/purser.orders.v1.OrderService/CreateOrder');
    assert.is(error.requestId, 'request-2');
  }));

test('a try that hangs is given up and repeated', () =>
  withServer(['hang', {}], async (server) => {
    await server.client({ tryTimeoutMs: 100 }).orders.get('orders/1');
    assert.is(server.asked.length, 2);
  }));

test('the time for the call holds over all tries, and the caller may change it', () =>
  withServer(['hang'], async (server) => {
    const startedMs = performance.now();
    const purser = server.client({ tryTimeoutMs: 120, timeoutMs: 120_000 });
    const error = await errorOf(purser.orders.get('orders/1', { timeoutMs: 400 }));
    const tookMs = performance.now() - startedMs;
    assert.equal([error.reason, error.status], ['DEADLINE_EXCEEDED', undefined]);
    assert.ok(tookMs < 2_000, String(tookMs));
    assert.ok(server.asked.length > 1);
  }));

test('an abort ends a try and the connection', () =>
  withServer(['hang'], async (server) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('the user left')), 50);
    const error = await errorOf(
      server.client().orders.get('orders/1', { signal: controller.signal }),
    );
    assert.equal([error.reason, (error.cause as Error).message], ['CANCELLED', 'the user left']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal([server.asked.length, server.left], [1, 1]);
  }));

test('an abort ends a wait, and one from before is no call at all', () =>
  withServer([problem(503, 'OVERLOADED', '20')], async (server) => {
    const controller = new AbortController();
    const startedMs = performance.now();
    setTimeout(() => controller.abort(), 50);
    const { signal } = controller;
    const purser = server.client();
    assert.is((await errorOf(purser.orders.get('orders/1', { signal }))).reason, 'CANCELLED');
    assert.ok(performance.now() - startedMs < 1_000);
    const seen: unknown[] = [];
    const hooks: Hooks = {
      onRequest: (event) => seen.push(event),
      onResponse: (event) => seen.push(event),
    };
    const call = server.client({ hooks }).orders.get('orders/1', { signal });
    assert.is((await errorOf(call)).reason, 'CANCELLED');
    assert.equal(seen, []);
    assert.is(server.asked.length, 1);
  }));

test('a transport that ignores its signal does not keep the caller', async () => {
  const server = await scriptedServer([{}]);
  const purser = server.client({ fetch: () => new Promise(() => {}), timeoutMs: 50 });
  assert.is((await errorOf(purser.orders.get('orders/1'))).reason, 'DEADLINE_EXCEEDED');
  await server.stop();
});

test('nobody there is CONNECTION_FAILED, after all tries', async () => {
  const server = await scriptedServer([{}]);
  await server.stop();
  const error = await errorOf(server.client({ triesMax: 2 }).orders.get('orders/1'));
  assert.equal([error.reason, error.attempt, error.status], ['CONNECTION_FAILED', 2, undefined]);
  assert.ok(error.cause instanceof Error);
});

test('hooks see every try, and their own mistakes change nothing', () =>
  withServer([unavailable, {}], async (server) => {
    const seen: string[] = [];
    const hooks: Hooks = {
      onRequest: ({ attempt }) => {
        seen.push(`request ${attempt}`);
        throw new Error('a bug in a hook');
      },
      onResponse: ({ attempt, status, requestId, error }) =>
        seen.push(`response ${attempt} ${status} ${requestId} ${error?.reason}`),
      onRetry: ({ attempt, error, delayMs }) =>
        seen.push(`retry ${attempt} ${error.reason} ${delayMs >= 0 && delayMs <= 100}`),
    };
    await server.client({ hooks }).orders.get('orders/1');
    assert.equal(seen, [
      'request 1',
      'response 1 503 request-0 DEPENDENCY_UNAVAILABLE',
      'retry 1 DEPENDENCY_UNAVAILABLE true',
      'request 2',
      'response 2 200 request-1 undefined',
    ]);
  }));

test('a user id or a key that no header can hold is refused before anything is sent', () =>
  withServer([{}], async (server) => {
    for (const userId of ['', 'a b', 'ä', 'x'.repeat(129)]) {
      assert.throws(() => server.client({ userId }), /userId must/);
    }
    const purser = server.client();
    const error = await errorOf(purser.orders.create(newOrder, { idempotencyKey: 'a b' }));
    assert.is(error.reason, 'INVALID_REQUEST');
    assert.is(error.violations[0]?.field, 'idempotencyKey');
    assert.is((await errorOf(purser.orders.get('orders/1', { userId: 'ä' }))).attempt, undefined);
    assert.is(server.asked.length, 0);
  }));

test('a call may be made for another user', () =>
  withServer([{}], async (server) => {
    await server.client().orders.get('orders/1', { userId: 'bob' });
    assert.is(server.asked[0]?.headers['x-user-id'], 'bob');
  }));

test.run();
