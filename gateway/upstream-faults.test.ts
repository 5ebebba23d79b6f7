import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, ServerCredentials, type Metadata } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { OrderServiceService } from '#gen/purser/orders/v1/order_service.ts';
import { suite } from '../test/harness/suite.ts';
import { freePort } from '../tools/local/free-port.ts';
import { cannedOrder, startTestGateway, startTestServices } from './test-gateway.ts';

const test = suite('gateway and its services');
const asAlice = { headers: { 'x-user-id': 'alice' } };
const order = JSON.stringify({ amount: { currencyCode: 'USD', amountMinor: '100' } });

interface Problem {
  reason: string;
  requestId: string;
}

async function refusal(
  response: Response,
): Promise<{ status: number; reason: string; retryAfter: string | null }> {
  assert.is(response.headers.get('content-type'), 'application/problem+json');
  const problem = (await response.json()) as Problem;
  assert.is(problem.requestId, response.headers.get('x-request-id'));
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, reason: problem.reason, retryAfter };
}

test('a service that is down is 503 with Retry-After, and the gateway is not ready', async () => {
  const services = await startTestServices();
  const target = `127.0.0.1:${services.port}`;
  await services.stop();
  const gateway = await startTestGateway(target);
  const refused = await refusal(await fetch(`${gateway.url}/v1/orders/1`, asAlice));
  assert.equal(refused, { status: 503, reason: 'DEPENDENCY_UNAVAILABLE', retryAfter: '1' });
  const ready = await fetch(`${gateway.url}/readyz`);
  assert.is(ready.status, 503);
  assert.is(ready.headers.get('x-request-id')?.length, 36);
  const report = (await ready.json()) as { failures: unknown };
  const domains = ['orders', 'payments', 'notifications', 'operations'];
  const failed = domains.map((domain) => [domain, 'failed']);
  assert.equal(report.failures, Object.fromEntries(failed));
  assert.is((await fetch(`${gateway.url}/healthz`)).status, 200);
  const back = await startTestServices(services.port);
  for (
    let tries = 0;
    tries < 50 && (await fetch(`${gateway.url}/readyz`)).status !== 200;
    tries += 1
  )
    await sleep(100);
  assert.is((await fetch(`${gateway.url}/v1/orders/1`, asAlice)).status, 200);
  await gateway.stop();
  await back.stop();
});

test('without Notifications and the store front the gateway is ready, but degraded', async () => {
  const services = await startTestServices();
  const target = `127.0.0.1:${services.port}`;
  const gone = { host: '127.0.0.1', port: await freePort() };
  const targets = { notifications: `127.0.0.1:${gone.port}` };
  const gateway = await startTestGateway(target, { targets, pages: gone });
  const ready = await fetch(`${gateway.url}/readyz`);
  assert.is(ready.status, 200);
  const checks = ['notifications', 'operations', 'orders', 'payments', 'web'];
  const failures = { notifications: 'failed', web: 'failed' };
  assert.equal(await ready.json(), { ready: true, degraded: true, checks, failures });
  assert.is((await fetch(`${gateway.url}/v1/orders/1`, asAlice)).status, 200);
  const inbox = await refusal(await fetch(`${gateway.url}/v1/notifications`, asAlice));
  assert.is(inbox.reason, 'DEPENDENCY_UNAVAILABLE');
  await gateway.stop();
  await services.stop();
});

test('a service that takes too long is 504, and its work is stopped', async () => {
  const services = await startTestServices();
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`, {
    limits: { deadlineMs: 200 },
  });
  const aborted = Promise.withResolvers<void>();
  services.onCall = async ({ call }) => {
    await once(call.signal, 'abort');
    aborted.resolve();
  };
  const startedMs = performance.now();
  const refused = await refusal(await fetch(`${gateway.url}/v1/orders/1`, asAlice));
  assert.equal(refused, { status: 504, reason: 'DEADLINE_EXCEEDED', retryAfter: null });
  assert.ok(performance.now() - startedMs < 1_000);
  await aborted.promise;
  await gateway.stop();
  await services.stop();
});

test('a service gets what is left of the deadline', async () => {
  const services = await startTestServices();
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`, {
    limits: { deadlineMs: 3_000 },
  });
  let leftMs = 0;
  services.onCall = async ({ call }) => {
    leftMs = call.deadline.getTime() - Date.now();
  };
  await fetch(`${gateway.url}/v1/orders/1`, asAlice);
  assert.ok(leftMs > 2_000 && leftMs <= 3_000, String(leftMs));
  await gateway.stop();
  await services.stop();
});

test('when the caller goes, the work of the service is cancelled', async () => {
  const services = await startTestServices();
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`);
  const entered = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<string>();
  services.onCall = async ({ call }) => {
    entered.resolve();
    await once(call.signal, 'abort');
    aborted.resolve((call.signal.reason as Problem).reason);
  };
  const controller = new AbortController();
  const headers = { ...asAlice.headers, 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: order, signal: controller.signal };
  const request = fetch(`${gateway.url}/v1/orders`, init).catch(() => 'gone');
  await entered.promise;
  const startedMs = performance.now();
  controller.abort();
  assert.is(await aborted.promise, 'CANCELLED');
  assert.ok(performance.now() - startedMs < 1_000);
  assert.is(await request, 'gone');
  await gateway.stop();
  await services.stop();
});

/** A bare gRPC server that tells which metadata a call of the gateway brought. */
async function startEcho(): Promise<{ port: number; seen: Metadata[]; stop: () => void }> {
  const server = new Server();
  const seen: Metadata[] = [];
  const notUsed = () => assert.unreachable();
  server.addService(OrderServiceService, {
    getOrder: (call: { metadata: Metadata }, answer: (error: null, order: unknown) => void) => {
      seen.push(call.metadata);
      answer(null, cannedOrder);
    },
    createOrder: notUsed,
    listOrders: notUsed,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, seen, stop: () => server.forceShutdown() };
}

test('only user id, our request id and a valid trace reach a service', async () => {
  const echo = await startEcho();
  const gateway = await startTestGateway(`127.0.0.1:${echo.port}`);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const smuggled = {
    'x-user-role': 'admin',
    'x-user-id-bin': Buffer.from('bob').toString('base64'),
    X_User_Id: 'bob',
    'x-user': 'bob',
    'x-request-id': 'made-by-caller',
    'grpc-timeout': '1n',
    'grpc-metadata-x-user-id': 'bob',
    'grpc-encoding': 'gzip',
    'x-forwarded-for': '10.0.0.1',
    'x-internal': 'yes',
    authorization: 'Bearer token',
    cookie: 'a=b',
    tracestate: 'a=b',
    baggage: 'a=b',
    te: 'trailers',
    'user-agent': 'caller',
  };
  const headers = { 'x-user-id': 'alice', traceparent, ...smuggled };
  const response = await new Promise<{ status: number | undefined; id: unknown }>(
    (resolve, reject) => {
      const request = httpRequest(`${gateway.url}/v1/orders/1`, { headers }, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode, id: answer.headers['x-request-id'] });
      });
      request.on('error', reject).end();
    },
  );
  assert.is(response.status, 200);
  const [metadata] = echo.seen;
  const { 'user-agent': userAgent, ...passed } = metadata?.getMap() ?? {};
  assert.equal(passed, { 'x-user-id': 'alice', 'x-request-id': response.id, traceparent });
  assert.match(String(userAgent), /^grpc-node-js/);
  await fetch(`${gateway.url}/v1/orders/1`, {
    headers: { ...asAlice.headers, traceparent: 'made-up' },
  });
  assert.is(echo.seen[1]?.get('traceparent').length, 0);
  await gateway.stop();
  echo.stop();
});

test('a stopping gateway says so, finishes what is in flight and takes nothing more', async () => {
  const services = await startTestServices();
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`);
  const entered = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  services.onCall = async () => {
    entered.resolve();
    await finish.promise;
  };
  const inFlight = fetch(`${gateway.url}/v1/orders/1`, asAlice);
  await entered.promise;
  const stopped = gateway.stop();
  assert.equal((await gateway.readiness.report()).failures, { process: 'stopping' });
  const refused = await fetch(`${gateway.url}/healthz`).then(
    () => 'answered',
    () => 'refused',
  );
  assert.is(refused, 'refused');
  finish.resolve();
  const response = await inFlight;
  assert.is(response.status, 200);
  assert.is(response.headers.get('connection'), 'close');
  const startedMs = performance.now();
  await stopped;
  assert.ok(performance.now() - startedMs < 1_000);
  await services.stop();
});

test('a request that does not finish holds a stop up for no longer than its limit', async () => {
  const services = await startTestServices();
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`, { limits: { stopMs: 300 } });
  const entered = Promise.withResolvers<void>();
  services.onCall = async ({ call }) => {
    entered.resolve();
    await once(call.signal, 'abort');
  };
  const inFlight = fetch(`${gateway.url}/v1/orders/1`, asAlice).then(
    () => 'answered',
    () => 'cut off',
  );
  await entered.promise;
  const startedMs = performance.now();
  await gateway.stop();
  assert.ok(performance.now() - startedMs < 1_500);
  assert.is(await inFlight, 'cut off');
  await services.stop();
});

test.run();
