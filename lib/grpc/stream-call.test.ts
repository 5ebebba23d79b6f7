import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { LiveMessage } from '#gen/purser/notifications/v1/live.ts';
import { streams } from '#gen/streams.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '#test/harness/suite.ts';
import { startGrpcServer } from './server.ts';
import type { StreamHandler } from './stream-call.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('gRPC streams');

const path = '/purser.notifications.v1.LiveService/Subscribe';
const { definition } = streams[path];
const service = 'purser.notifications.v1.LiveService';
const empty = LiveMessage.decode(new Uint8Array());
const message = (number: number, resumeToken = ''): LiveMessage => ({
  ...empty,
  number: BigInt(number),
  resumeToken,
});

let handler: StreamHandler<{ resumeToken: string }, LiveMessage>;
const lines: Record<string, unknown>[] = [];
const log = createLogger({
  service: 'test',
  instance: '0',
  level: 'info',
  destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
});

function start() {
  const readiness = new Readiness({ checks: {}, log });
  const implementations = {
    ...unusedHandlers(service),
    [path]: ((request, call) => handler(request, call)) as typeof handler,
  };
  const options = { host: '127.0.0.1', port: 0, log, readiness, reflection: false };
  return startGrpcServer({ ...options, implementations });
}

const server = await start();
const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());

test.after(async () => {
  client.close();
  await server.stop();
});

interface Options {
  userId?: string | undefined;
  request?: Buffer;
  deadline?: Date;
  from?: Client;
}

function open({ userId = 'ann', request, deadline, from = client }: Options = {}) {
  const metadata = new Metadata();
  if (userId) metadata.set('x-user-id', userId);
  const call = from.makeServerStreamRequest(
    path,
    (bytes: Buffer) => bytes,
    definition.responseDeserialize,
    request ?? definition.requestSerialize({ resumeToken: 'abc' }),
    metadata,
    deadline ? { deadline } : {},
  );
  const numbers: number[] = [];
  call.on('data', ({ number }: LiveMessage) => numbers.push(Number(number)));
  const ended = new Promise<string | undefined>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(fromServiceError(error).reason));
    call.on('end', () => setImmediate(resolve, undefined));
  });
  return { call, numbers, ended };
}

/** Goes on until the call is over. */
function untilOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

const lineOf = () => lines.filter(({ msg }) => msg === 'call').at(-1)!;

test('messages arrive in order, then the end, and one line tells of it', async () => {
  handler = async function* (request, call) {
    assert.equal([request.resumeToken, call.userId, call.isStaff], ['abc', 'ann', false]);
    for (let number = 1; number <= 100; number += 1) yield message(number);
  };
  const { numbers, ended } = open();
  assert.is(await ended, undefined);
  assert.equal(
    numbers,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  await sleep(5);
  const { method, code, messages } = lineOf();
  assert.equal([method, code, messages], [path, 'OK', 100]);
});

test('a request is refused as that of a call is, and the handler never sees it', async () => {
  handler = () => {
    throw new Error('must not be called');
  };
  const tooLong = definition.requestSerialize({ resumeToken: 'x'.repeat(129) });
  for (const [options, reason] of [
    [{ userId: '' }, 'USER_ID_REQUIRED'],
    [{ request: Buffer.from([0x0a, 0xff]) }, 'MALFORMED_MESSAGE'],
    [{ request: tooLong }, 'INVALID_REQUEST'],
  ] as const) {
    assert.is(await open(options).ended, reason);
  }
});

test('what the handler throws ends the stream: its reason, or a bare INTERNAL', async () => {
  for (const [error, reason] of [
    [new PurserError('OVERLOADED'), 'OVERLOADED'],
    [new Error('a secret'), 'INTERNAL'],
  ] as const) {
    handler = async function* () {
      yield message(1);
      throw error;
    };
    const { numbers, ended } = open();
    assert.is(await ended, reason);
    assert.equal(numbers, [1]);
  }
});

test('a caller who goes ends the handler', async () => {
  const over = Promise.withResolvers<string>();
  handler = async function* (_request, { signal }) {
    try {
      yield message(1);
      await untilOver(signal);
    } finally {
      over.resolve((signal.reason as PurserError).reason);
    }
  };
  const { call, ended } = open();
  call.once('data', () => call.cancel());
  assert.is(await over.promise, 'CANCELLED');
  assert.is(await ended, 'CANCELLED');
});

test('the caller’s deadline is the only one', async () => {
  handler = async function* (_request, { signal }) {
    yield message(1);
    await untilOver(signal);
  };
  const startedMs = performance.now();
  const { numbers, ended } = open({ deadline: new Date(Date.now() + 200) });
  assert.is(await ended, 'DEADLINE_EXCEEDED');
  assert.ok(performance.now() - startedMs < 2_000);
  assert.equal(numbers, [1]);
  // A timer cannot hold a year.
  const long = open({ deadline: new Date(Date.now() + 365 * 24 * 3_600_000) });
  assert.is(await Promise.race([long.ended, sleep(300, 'open')]), 'open');
  long.call.cancel();
  await long.ended;
});

const large = 'x'.repeat(50_000);

test('a caller who does not read stops the handler, which may give it up', async () => {
  let made = 0;
  const stopped = Promise.withResolvers<void>();
  handler = async function* (_request, call) {
    setTimeout(() => call.fail(new PurserError('OVERLOADED')), 500);
    try {
      for (;;) yield message((made += 1), large);
    } finally {
      stopped.resolve();
    }
  };
  const { call, ended } = open();
  call.pause();
  await stopped.promise;
  assert.ok(made < 100, `${made} messages were made for nobody`);
  await sleep(20);
  assert.is(lineOf()['reason'], 'OVERLOADED');
  call.resume();
  assert.is(await ended, 'OVERLOADED');
});

test('a stop ends streams at once, so that their callers go on elsewhere', async () => {
  handler = async function* (_request, { signal }) {
    yield message(1);
    await untilOver(signal);
  };
  const leaving = await start();
  const from = new Client(`127.0.0.1:${leaving.port}`, credentials.createInsecure());
  const { call, ended } = open({ from });
  await new Promise((resolve) => call.once('data', resolve));
  const startedMs = performance.now();
  await leaving.stop();
  assert.is(await ended, 'DEPENDENCY_UNAVAILABLE');
  assert.ok(performance.now() - startedMs < 2_000);
  from.close();
});

test('a service cannot be served without its streams', async () => {
  const readiness = new Readiness({ checks: {}, log });
  const { [path]: _stream, ...calls } = unusedHandlers(service);
  const options = { host: '127.0.0.1', port: 0, log, readiness, reflection: false };
  const started = startGrpcServer({ ...options, implementations: calls }).then(
    () => 'started',
    (error: Error) => error.message,
  );
  assert.is(await started, `Nothing implements ${path}.`);
});

test.run();
