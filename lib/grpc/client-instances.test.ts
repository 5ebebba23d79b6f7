import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '../../test/harness/suite.ts';
import { GrpcClient } from './client.ts';
import { startGrpcServer } from './server.ts';
import { create, get, host, log, reasonOf, recovery, startUpstream } from './test-upstream.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('gRPC client and the instances of a service');

test('an instance that cannot reach its database leaves the call to another one', async () => {
  const refuse = () => Promise.reject(new PurserError('DEPENDENCY_UNAVAILABLE'));
  const broken = await startUpstream({ work: refuse });
  const healthy = await startUpstream();
  const target = `${host}:${broken.port},${host}:${healthy.port}`;
  const client = new GrpcClient({ target, log });
  for (let count = 0; count < 6; count += 1) assert.is(await reasonOf(get(client)), 'none');
  assert.ok(broken.calls.length > 0, 'the broken one was asked as well');
  const outcomes = [];
  for (let count = 0; count < 6; count += 1) outcomes.push(await reasonOf(create(client, '')));
  assert.ok(outcomes.includes('DEPENDENCY_UNAVAILABLE'), 'a call without a key is not repeated');
  client.close();
  await Promise.all([broken.stop(), healthy.stop()]);
});

test('one instance that serves is health enough', async () => {
  const ready = await startUpstream();
  const notReady = await startGrpcServer({
    host,
    port: 0,
    implementations: unusedHandlers('purser.orders.v1.OrderService'),
    log,
    readiness: new Readiness({
      checks: { database: () => Promise.reject(new Error('away')) },
      log,
    }),
    reflection: false,
  });
  const target = `${host}:${notReady.port},${host}:${ready.port}`;
  const client = new GrpcClient({ target, log });
  await recovery(client, 2_000);
  for (let count = 0; count < 10; count += 1) await client.checkHealth(1_000);
  await ready.stop();
  assert.is(await reasonOf(client.checkHealth(1_000)), 'DEPENDENCY_UNAVAILABLE');
  client.close();
  await notReady.stop();
});

test('health is asked of the server, and its absence is an error', async () => {
  const upstream = await startUpstream();
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  await client.checkHealth(1_000);
  await upstream.stop();
  assert.is(await reasonOf(client.checkHealth(500)), 'DEPENDENCY_UNAVAILABLE');
  client.close();
});

test('a server that is not ready fails the health check', async () => {
  const readiness = new Readiness({ checks: {}, log });
  readiness.stop();
  const implementations = unusedHandlers('purser.payments.v1.PaymentService');
  const unready = await startGrpcServer({
    host,
    port: 0,
    implementations,
    log,
    readiness,
    reflection: false,
  });
  const client = new GrpcClient({ target: `${host}:${unready.port}`, log });
  assert.is(await reasonOf(client.checkHealth(1_000)), 'DEPENDENCY_UNAVAILABLE');
  client.close();
  await unready.stop();
});

test.run();
