import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { GetOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '#test/harness/suite.ts';
import { startGrpcServer } from './server.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('what a gRPC server takes on');
const log = createLogger({ service: 'test', instance: '0', level: 'silent' });
const path = '/purser.orders.v1.OrderService/GetOrder';
const request = GetOrderRequest.encode({ name: 'orders/1' } as GetOrderRequest).finish();

/** A server whose handlers end when told. */
async function slowServer(limits: Parameters<typeof startGrpcServer>[0]['limits'] & object) {
  const waiting = new Set<() => void>();
  const readiness = new Readiness({ checks: {}, log });
  const server = await startGrpcServer({
    host: '127.0.0.1',
    port: 0,
    implementations: {
      ...unusedHandlers('purser.orders.v1.OrderService'),
      [path]: async () => {
        await new Promise<void>((resume) => waiting.add(resume));
        return Order.decode(new Uint8Array());
      },
    },
    log,
    readiness,
    reflection: false,
    limits,
  });
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  return {
    port: server.port,
    waiting,
    call: (deadlineMs = 10_000, method = path) => ask(client, method, deadlineMs),
    async stop() {
      for (const resume of waiting) resume();
      client.close();
      await server.stop();
    },
  };
}

function ask(client: Client, method: string, deadlineMs: number): Promise<string> {
  const metadata = new Metadata();
  metadata.set('x-user-id', 'ann');
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      method === path ? request : new Uint8Array(),
      metadata,
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null) =>
        resolve(error === null ? 'OK' : reasonAndWait(fromServiceError(error))),
    );
  });
}

const reasonAndWait = ({ reason, retryDelayMs }: ReturnType<typeof fromServiceError>) =>
  retryDelayMs === undefined ? reason : `${reason}, again after ${retryDelayMs} ms`;

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 500, String(holds));
    await sleep(10);
  }
}

test('a full server refuses at once, says when to come again, and answers probes', async () => {
  const server = await slowServer({ calls: 3 });
  const three = [server.call(), server.call(), server.call()];
  await until(() => server.waiting.size === 3);
  assert.is(await server.call(), 'OVERLOADED, again after 1000 ms');
  assert.is(server.waiting.size, 3, 'no handler ran');
  assert.is(await server.call(1_000, '/grpc.health.v1.Health/Check'), 'OK');
  for (const resume of server.waiting) resume();
  assert.equal(await Promise.all(three), ['OK', 'OK', 'OK']);
  const next = server.call();
  await until(() => server.waiting.size === 4);
  for (const resume of server.waiting) resume();
  assert.is(await next, 'OK', 'a place is free again');
  await server.stop();
});

test('calls that are late, or cut off with their connection, leave their places', async () => {
  const server = await slowServer({ calls: 2 });
  for (let round = 0; round < 3; round += 1) {
    const late = await Promise.all([server.call(60), server.call(60)]);
    assert.equal(late, ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
  }
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {});
  const before = server.waiting.size;
  // The message of one is there, that of the other is not.
  for (const part of [frame.subarray(0, 7), frame]) {
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream[part === frame ? 'end' : 'write'](part);
  }
  await until(() => server.waiting.size === before + 1);
  assert.match(await server.call(), /^OVERLOADED/);
  session.destroy();
  await sleep(50);
  const both = [server.call(), server.call()];
  await until(() => server.waiting.size === before + 3);
  for (const resume of server.waiting) resume();
  assert.equal(await Promise.all(both), ['OK', 'OK']);
  await server.stop();
});

const headers = {
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  'x-user-id': 'ann',
};
const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, request.length]), request]);

test('a call whose message trickles in is ended, and its place is free', async () => {
  const server = await slowServer({ calls: 1, arrivalMs: 200 });
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  const stream = session.request(headers);
  stream.write(frame.subarray(0, 7));
  const [answer] = (await once(stream, 'response')) as [Record<string, string>];
  assert.is(answer['grpc-status'], String(status.DEADLINE_EXCEEDED));
  assert.is(server.waiting.size, 0);
  const next = server.call();
  await until(() => server.waiting.size === 1);
  for (const resume of server.waiting) resume();
  assert.is(await next, 'OK');
  session.destroy();
  await server.stop();
});

test('what cannot be unpacked is the fault of the caller, and no INTERNAL', async () => {
  const server = await slowServer({});
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  const garbage = Buffer.from([0, 0, 0, 0, 2, 0x0f, 0xff]);
  const packed = Buffer.from([1, 0, 0, 0, 2, 0x0a, 0x7f]);
  for (const [more, body] of [
    [{ ':path': '/grpc.health.v1.Health/Check' }, garbage],
    [{ 'grpc-encoding': 'gzip' }, packed],
  ] as const) {
    const stream = session.request({ ...headers, ...more });
    stream.end(body);
    const answer: Record<string, string> = {};
    const note = (received: object) => Object.assign(answer, received);
    stream.on('response', note).on('trailers', note).resume();
    await once(stream, 'close');
    assert.is(answer['grpc-status'], String(status.INVALID_ARGUMENT));
    const details = Buffer.from(answer['grpc-status-details-bin']!, 'base64');
    assert.ok(details.includes('MALFORMED_MESSAGE'));
  }
  session.destroy();
  await server.stop();
});

test('a handler that takes longer than a message may is left to its deadline', async () => {
  const server = await slowServer({ arrivalMs: 100 });
  const call = server.call();
  await until(() => server.waiting.size === 1);
  await sleep(200);
  for (const resume of server.waiting) resume();
  assert.is(await call, 'OK');
  await server.stop();
});

test('a connection more than the limit is closed, and those that are there go on', async () => {
  const server = await slowServer({ connections: 3 });
  const call = server.call();
  await until(() => server.waiting.size === 1);
  const idle = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const extra = connect(server.port, '127.0.0.1').resume();
  extra.on('error', () => {});
  await once(extra, 'close');
  for (const resume of server.waiting) resume();
  assert.is(await call, 'OK');
  for (const socket of idle) socket.destroy();
  await server.stop();
});

test.run();
