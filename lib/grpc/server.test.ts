import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { register } from 'prom-client';
import * as assert from 'uvu/assert';
import { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '../../test/harness/suite.ts';
import { startGrpcServer, type GrpcServer, type Implementations } from './server.ts';
import type { CallContext } from './unary-call.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('gRPC server');
const createPath = '/purser.orders.v1.OrderService/CreateOrder';
const loggedLines: Record<string, unknown>[] = [];
const log = createLogger({
  service: 'test',
  instance: '0',
  level: 'info',
  destination: { write: (text) => void loggedLines.push(JSON.parse(text)) },
});

/** What CreateOrder does in the test at hand. */
let create: (request: CreateOrderRequest, call: CallContext) => Promise<Order>;
let calls = 0;
let server: GrpcServer;
let client: Client;

const order = (fields: Partial<Order>): Order => ({ ...Order.decode(new Uint8Array()), ...fields });

const implementations: Implementations = {
  ...unusedHandlers('purser.orders.v1.OrderService'),
  [createPath]: (request, call) => {
    calls += 1;
    return create(request, call);
  },
};

interface Reply {
  order?: Order;
  error?: ServiceError;
  purserError?: PurserError;
  headers: Metadata;
}

const amount = { currencyCode: 'USD', amountMinor: 100n };
const validRequest: CreateOrderRequest = {
  order: order({ amount, description: 'a lamp' }),
  requestId: '',
};

function metadataOf(entries: Record<string, string | string[]>): Metadata {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(entries)) {
    for (const value of [values].flat()) metadata.add(key, value);
  }
  return metadata;
}

interface Asked {
  bytes?: Uint8Array;
  request?: CreateOrderRequest;
  metadata?: Record<string, string | string[]>;
  deadlineMs?: number;
  cancelAfterMs?: number;
  path?: string;
  onHeaders?: () => void;
}

/** Calls as any gRPC client may: with any bytes and any metadata. */
async function ask(asked: Asked = {}): Promise<Reply> {
  const bytes = asked.bytes ?? CreateOrderRequest.encode(asked.request ?? validRequest).finish();
  const metadata = metadataOf(asked.metadata ?? { 'x-user-id': 'alice' });
  const options = asked.deadlineMs === undefined ? {} : { deadline: Date.now() + asked.deadlineMs };
  return new Promise((resolve) => {
    let headers = new Metadata();
    const call = client.makeUnaryRequest(
      asked.path ?? createPath,
      (value: Uint8Array) => Buffer.from(value),
      (value: Buffer) => Order.decode(value),
      bytes,
      metadata,
      options,
      (error, response) => {
        if (error === null) resolve({ order: response as Order, headers });
        else resolve({ error, purserError: fromServiceError(error), headers });
      },
    );
    call.on('metadata', (received: Metadata) => {
      headers = received;
      asked.onHeaders?.();
    });
    if (asked.cancelAfterMs !== undefined) setTimeout(() => call.cancel(), asked.cancelAfterMs);
  });
}

/** The access log's line of the call that was logged last. */
async function lastCallLine(): Promise<Record<string, unknown>> {
  // The line follows the answer, which may overtake it.
  await sleep(20);
  return loggedLines.findLast((line) => line.msg === 'call') ?? {};
}

test.before(async () => {
  const isTransient = (error: unknown) => (error as Error).message === 'connection lost';
  const readiness = new Readiness({ checks: {}, log });
  const options = { host: '127.0.0.1', port: 0, log, readiness, reflection: false, isTransient };
  server = await startGrpcServer({ ...options, implementations });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
test.before.each(() => {
  calls = 0;
  create = async (request, call) => order({ ...request.order, userId: call.userId });
});
test.after(async () => {
  client.close();
  await server.stop();
});

test('a handler learns what is asked and by whom, and its answer reaches the caller', async () => {
  let seen: CallContext | undefined;
  create = async (request, call) => {
    seen = call;
    return order({ name: 'orders/1', amount: request.order?.amount, userId: call.userId });
  };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const metadata = { 'x-user-id': 'alice', 'x-request-id': 'request-0001', traceparent };
  const reply = await ask({ metadata });
  assert.equal(reply.order?.amount, amount);
  assert.is(reply.order?.userId, 'alice');
  assert.is(seen?.requestId, 'request-0001');
  assert.is(seen?.traceparent, traceparent);
});

for (const [what, values] of [
  ['none', []],
  ['an empty one', ['']],
  ['two', ['alice', 'bob']],
  ['the same one twice', ['alice', 'alice']],
  ['one of 129 characters', ['a'.repeat(129)]],
  ['one with a space', ['alice smith']],
] as [string, string[]][]) {
  test(`a call with ${what} for a user id is unauthenticated`, async () => {
    const reply = await ask({ metadata: { 'x-user-id': values } });
    assert.is(reply.error?.code, status.UNAUTHENTICATED);
    assert.is(reply.purserError?.reason, 'USER_ID_REQUIRED');
    assert.is(calls, 0);
  });
}

test('a user id may have 128 visible characters, and its key one spelling', async () => {
  const userId = '!~'.repeat(64);
  assert.is((await ask({ metadata: { 'x-user-id': userId } })).order?.userId, userId);
  for (const key of ['x_user_id', 'user-id', 'x-user', 'x-userid', 'x-forwarded-user']) {
    const reply = await ask({ metadata: { [key]: 'alice' } });
    assert.is(reply.purserError?.reason, 'USER_ID_REQUIRED', key);
  }
});

/**
 * Answers the trailers of a call made over bare HTTP/2, which may send what a gRPC client would
 * not.
 */
async function bare(
  headers: Record<string, string>,
  body: Buffer,
): Promise<Record<string, unknown>> {
  const session = connect(`http://127.0.0.1:${server.port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': createPath,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    ...headers,
  });
  const seen: Record<string, unknown> = {};
  stream.on('response', (received) => Object.assign(seen, received));
  stream.on('trailers', (received) => Object.assign(seen, received));
  stream.end(body);
  stream.resume();
  await once(stream, 'close');
  session.close();
  return seen;
}

function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const validFrame = framed(CreateOrderRequest.encode(validRequest).finish());

test('a user id outside ASCII is none, and is not repeated in a log', async () => {
  const seen = await bare({ 'x-user-id': Buffer.from('ål').toString('latin1') }, validFrame);
  assert.is(seen['grpc-status'], String(status.UNAUTHENTICATED));
  assert.is(calls, 0);
  assert.not.match(JSON.stringify(loggedLines), /Failed to add metadata/);
});

test('a request against the contract is refused with every violation by field path', async () => {
  const wrong = order({ amount: { currencyCode: 'usd', amountMinor: 0n }, name: 'orders/1' });
  const reply = await ask({ request: { order: wrong, requestId: 'has space' } });
  assert.is(reply.error?.code, status.INVALID_ARGUMENT);
  assert.is(reply.purserError?.reason, 'INVALID_REQUEST');
  const fields = reply.purserError?.violations?.map(({ field }) => field).toSorted();
  assert.ok(fields?.includes('order.amount.amount_minor'), String(fields));
  assert.ok(fields?.includes('order.amount.currency_code'), String(fields));
  assert.ok(fields?.includes('request_id'), String(fields));
  assert.is(calls, 0);
});

test('malformed bytes are the fault of the caller', async () => {
  for (const bytes of [
    Buffer.from([0xff]),
    Buffer.from([0x0a, 0x7f, 0x01]),
    Buffer.from([0x0a, 0x02, 0x2a, 0x7f]),
  ]) {
    const reply = await ask({ bytes });
    assert.is(reply.error?.code, status.INVALID_ARGUMENT);
    assert.is(reply.purserError?.reason, 'MALFORMED_MESSAGE');
  }
  assert.is(calls, 0);
});

test('who is asking comes before what is asked', async () => {
  const reply = await ask({ bytes: Buffer.from([0xff]), metadata: {} });
  assert.is(reply.purserError?.reason, 'USER_ID_REQUIRED');
});

test('a message over 256 KiB is refused without being decoded', async () => {
  const request = { ...validRequest, requestId: 'x'.repeat(256 * 1024) };
  assert.is((await ask({ request })).error?.code, status.RESOURCE_EXHAUSTED);
  assert.is(calls, 0);
});

test('an error of the catalogue reaches the caller with all that belongs to it', async () => {
  create = () => Promise.reject(new PurserError('ORDER_NOT_FOUND', { order: 'orders/7' }));
  const notFound = await ask();
  assert.is(notFound.error?.code, status.NOT_FOUND);
  assert.is(notFound.error?.details, 'There is no order orders/7.');
  assert.equal(notFound.purserError?.metadata, { order: 'orders/7' });
  create = () => Promise.reject(new PurserError('OVERLOADED', {}, { retryDelayMs: 250 }));
  const overloaded = await ask();
  assert.is(overloaded.error?.code, status.UNAVAILABLE);
  assert.is(overloaded.purserError?.reason, 'OVERLOADED');
  assert.is(overloaded.purserError?.retryDelayMs, 250);
});

test('what nobody foresaw is logged with its cause and leaves as a bare INTERNAL', async () => {
  create = () =>
    Promise.reject(new Error('password hunter2 is wrong', { cause: new Error('deep') }));
  const reply = await ask();
  assert.is(reply.error?.code, status.INTERNAL);
  assert.is(reply.purserError?.reason, 'INTERNAL');
  assert.not.match(
    JSON.stringify(reply.error) + reply.error?.metadata.get('grpc-status-details-bin'),
    /hunter2/,
  );
  const line = await lastCallLine();
  assert.is(line.level, 'error');
  assert.is((line.error as Error).message, 'password hunter2 is wrong');
  assert.match((line.error as Error).stack ?? '', /server\.test\.ts/);
  assert.is(line.requestId, reply.headers.get('x-request-id')[0]);
});

test('a handler that throws before its first await is answered too', async () => {
  create = () => {
    throw new Error('at once');
  };
  assert.is((await ask()).purserError?.reason, 'INTERNAL');
});

test('a dependency that does not answer is told apart from a fault of ours', async () => {
  create = () => Promise.reject(new Error('connection lost'));
  const reply = await ask();
  assert.is(reply.error?.code, status.UNAVAILABLE);
  assert.is(reply.purserError?.reason, 'DEPENDENCY_UNAVAILABLE');
  assert.is((await lastCallLine()).level, 'warn');
});

test('every answer names its request, by the id of the caller if fit for a log', async () => {
  const idOf = async (metadata: Record<string, string | string[]>) =>
    (await ask({ metadata: { 'x-user-id': 'alice', ...metadata } })).headers.get('x-request-id');
  assert.equal(await idOf({ 'x-request-id': 'gateway-12345' }), ['gateway-12345']);
  for (const bad of ['short', 'with space in it', 'x'.repeat(65), ['one-of-two', 'two-of-two']]) {
    const [id] = await idOf({ 'x-request-id': bad });
    assert.match(String(id), /^[0-9a-f-]{36}$/);
  }
  const refused = await ask({ metadata: {} });
  assert.match(String(refused.headers.get('x-request-id')[0]), /^[0-9a-f-]{36}$/);
});

test('a caller that gave no id learns the one of its call before the answer', async () => {
  const { promise: told, resolve: onHeaders } = Promise.withResolvers<void>();
  create = async () => {
    await told;
    return order({ name: 'orders/1' });
  };
  const reply = await ask({ onHeaders, deadlineMs: 5_000 });
  assert.is(reply.order?.name, 'orders/1');
  assert.match(String(reply.headers.get('x-request-id')[0]), /^[0-9a-f-]{36}$/);
});

/** A call whose caller has no clock of its own, which could end the call before the server does. */
const askLate = () => bare({ 'grpc-timeout': '50m', 'x-user-id': 'alice' }, validFrame);

test('at its deadline the call is over for the caller and for the handler', async () => {
  const over = Promise.withResolvers<PurserError>();
  create = async (_request, call) => {
    await once(call.signal, 'abort');
    over.resolve(call.signal.reason as PurserError);
    throw new Error('too late');
  };
  assert.is((await askLate())['grpc-status'], String(status.DEADLINE_EXCEEDED));
  assert.is((await over.promise).reason, 'DEADLINE_EXCEEDED');
});

test('a handler that ignores its signal holds no answer up', async () => {
  create = () => new Promise(() => {});
  const answer = await askLate();
  const line = await lastCallLine();
  assert.equal([line.code, line.requestId], ['DEADLINE_EXCEEDED', answer['x-request-id']]);
});

test('a deadline is at most 30 s, and 10 s for a caller who sets none', async () => {
  let remainingMs = 0;
  create = async (_request, call) => {
    remainingMs = call.deadline.getTime() - Date.now();
    return order({});
  };
  await ask({ deadlineMs: 3_600_000 });
  assert.ok(remainingMs > 29_000 && remainingMs <= 30_000, String(remainingMs));
  await ask();
  assert.ok(remainingMs > 9_000 && remainingMs <= 10_000, String(remainingMs));
});

// On a busy machine the caller's clock may still be first.
test('the answer to a late call mostly leaves before the caller resets its stream', async () => {
  create = () => new Promise(() => {});
  for (let attempt = 1; ; attempt += 1) {
    const { error } = await ask({ deadlineMs: 500 });
    assert.is(error?.code, status.DEADLINE_EXCEEDED);
    if (error?.metadata.get('grpc-status-details-bin').length) break;
    assert.ok(attempt < 20, 'it is the server’s own');
  }
});

test('a call whose deadline is over when it arrives is not started', async () => {
  await bare({ 'grpc-timeout': '1n', 'x-user-id': 'alice' }, validFrame);
  await sleep(20);
  assert.is(calls, 0);
});

test('a caller who cancels aborts the handler', async () => {
  const aborted = Promise.withResolvers<unknown>();
  create = async (_request, call) => {
    call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
    await sleep(5_000, undefined, { signal: call.signal });
    return order({});
  };
  const reply = await ask({ cancelAfterMs: 50 });
  assert.is(reply.error?.code, status.CANCELLED);
  assert.is(((await aborted.promise) as PurserError).reason, 'CANCELLED');
  const line = await lastCallLine();
  assert.is(line.code, 'CANCELLED');
  assert.is(line.level, 'info');
});

test('a call leaves one log line with a hash for the user id, and is counted', async () => {
  await ask({ metadata: { 'x-user-id': 'alice-in-logs' } });
  const line = await lastCallLine();
  assert.is(line.method, createPath);
  assert.is(line.code, 'OK');
  assert.type(line.durationMs, 'number');
  assert.match(String(line.user), /^[0-9a-f]{16}$/);
  assert.not.match(JSON.stringify(loggedLines), /alice-in-logs/);
  const metrics = await register.metrics();
  assert.match(metrics, new RegExp(`calls_total{method="${createPath}",code="OK"} [1-9]`));
  assert.match(metrics, new RegExp(`duration_seconds_count{method="${createPath}"} [1-9]`));
});

test('faults and refusals are counted from 0, so that the first of them is a rise', async () => {
  const metrics = await register.metrics();
  const never = 'method="/purser.orders.v1.OrderService/ShipOrder"';
  assert.ok(metrics.includes(`server_calls_total{${never},code="INTERNAL"} 0\n`));
  assert.ok(metrics.includes(`server_calls_refused_total{${never}} 0\n`));
});

test('a method that no contract has is unimplemented', async () => {
  const { error } = await ask({ path: '/purser.orders.v1.OrderService/DropTables' });
  assert.is(error?.code, status.UNIMPLEMENTED);
});

test.run();
