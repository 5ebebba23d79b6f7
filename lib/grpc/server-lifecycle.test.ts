import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { Payment } from '#gen/purser/payments/v1/payment.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '../../test/harness/suite.ts';
import { GrpcClient } from './client.ts';
import { startGrpcServer, type GrpcServer, type Implementations } from './server.ts';
import type { CallContext } from './unary-call.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('life of a gRPC server');
const log = createLogger({ service: 'test', instance: '0', level: 'silent' });
const path = '/purser.payments.v1.PaymentService/GetPayment';
const host = '127.0.0.1';

interface Options {
  work?: (call: CallContext) => Promise<void>;
  ready?: () => boolean;
  port?: number;
  implementations?: unknown;
}

/** A server of PaymentService that does the work and answers with a payment. */
function start(options: Options = {}): Promise<GrpcServer> {
  const { work = async () => {}, ready = () => true, port = 0 } = options;
  const checks = { database: () => ready() || Promise.reject(new Error('down')) };
  const answer = async (_request: unknown, context: CallContext) => {
    await work(context);
    return Payment.decode(new Uint8Array());
  };
  const all = { ...unusedHandlers('purser.payments.v1.PaymentService'), [path]: answer };
  const implementations = (options.implementations ?? all) as Implementations;
  const readiness = new Readiness({ checks, log });
  return startGrpcServer({ host, port, implementations, log, readiness, reflection: false });
}

const connect = (server: GrpcServer) => new GrpcClient({ target: `${host}:${server.port}`, log });

/** Calls the method: 'fine', or the reason of its error. */
async function call(client: GrpcClient, timeoutMs = 10_000): Promise<string> {
  const deadline = new Date(Date.now() + timeoutMs);
  const options = { userId: 'alice', requestId: 'request-1', deadline };
  try {
    await client.unary(methods[path], { name: 'orders/1/payment' }, options);
    return 'fine';
  } catch (error) {
    return (error as PurserError).reason;
  }
}

/** The status byte of a health check: 1 is SERVING, 2 is NOT_SERVING. */
function health(client: Client, service: string): Promise<number> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (name: string) => Buffer.from([0x0a, name.length, ...Buffer.from(name)]),
      (bytes: Buffer) => bytes[1] ?? 0,
      service,
      (error, value) => (error === null ? resolve(value as number) : reject(error)),
    );
  });
}

test('health follows readiness, for the server and for each service', async () => {
  let up = true;
  const server = await start({ ready: () => up });
  const client = new Client(`${host}:${server.port}`, credentials.createInsecure());
  const both = () => Promise.all(['', methods[path].service].map((name) => health(client, name)));
  assert.equal(await both(), [1, 1]);
  up = false;
  await sleep(1_200);
  assert.equal(await both(), [2, 2]);
  up = true;
  await sleep(1_200);
  assert.equal(await both(), [1, 1]);
  client.close();
  await server.stop();
});

test('a stopping server finishes the call in flight and takes no other', async () => {
  const entered = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const server = await start({
    work: () => {
      entered.resolve();
      return finish.promise;
    },
  });
  const client = connect(server);
  const inFlight = call(client);
  await entered.promise;
  const stopped = server.stop();
  const late = connect(server);
  assert.is(await call(late, 2_000), 'DEPENDENCY_UNAVAILABLE');
  finish.resolve();
  assert.is(await inFlight, 'fine');
  const startedMs = performance.now();
  await stopped;
  assert.ok(performance.now() - startedMs < 1_000);
  client.close();
  late.close();
});

test('a call that does not end is interrupted after five seconds, its caller told', async () => {
  const entered = Promise.withResolvers<void>();
  let reason: unknown;
  const server = await start({
    work: async ({ signal }) => {
      entered.resolve();
      await once(signal, 'abort');
      reason = (signal.reason as PurserError).reason;
      await new Promise(() => {});
    },
  });
  const client = connect(server);
  const inFlight = call(client);
  await entered.promise;
  const startedMs = performance.now();
  await server.stop();
  assert.ok(performance.now() - startedMs < 6_000);
  assert.is(await inFlight, 'DEPENDENCY_UNAVAILABLE');
  assert.is(reason, 'DEPENDENCY_UNAVAILABLE');
  client.close();
});

test('a stream that never ends does not hold a stop up', async () => {
  const server = await start();
  const client = new Client(`${host}:${server.port}`, credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const watch = '/grpc.health.v1.Health/Watch';
  const stream = client.makeServerStreamRequest(watch, same, same, Buffer.alloc(0));
  stream.on('error', () => {});
  await once(stream, 'data');
  const startedMs = performance.now();
  await server.stop();
  assert.ok(performance.now() - startedMs < 6_000);
  client.close();
});

async function startFailure(options: Options): Promise<string> {
  const outcome = await start(options).catch((error: Error) => error);
  assert.ok(outcome instanceof Error, 'it started');
  return outcome.message;
}

test('no server starts with a method missing, a path unknown, or its port taken', async () => {
  const notUsed = () => Promise.reject(new Error('not used here'));
  const one = { '/purser.orders.v1.OrderService/CreateOrder': notUsed };
  const missing = await startFailure({ implementations: one });
  assert.is(missing, 'Nothing implements /purser.orders.v1.OrderService/GetOrder.');
  const unknown = await startFailure({ implementations: { '/a.B/C': notUsed } });
  assert.is(unknown, 'No contract has the method /a.B/C.');
  const server = await start();
  const taken = await startFailure({ port: server.port });
  assert.is(taken, `Cannot listen on ${host}:${server.port}.`);
  await server.stop();
});

test.run();
