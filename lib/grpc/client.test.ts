import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../../test/harness/suite.ts';
import { GrpcClient } from './client.ts';
import {
  cancel,
  create,
  get,
  host,
  log,
  reasonOf,
  recovery,
  startUpstream,
} from './test-upstream.ts';

const test = suite('gRPC client');
interface BlackHole {
  port: number;
  /** What it accepted; closed when the client gave it up. */
  sockets: Socket[];
  /** Frees the port for another server. What was accepted stays open, as with a frozen process. */
  stopListening(): void;
}

/** Accepts connections and never says a word. */
async function startBlackHole(): Promise<BlackHole> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}).resume());
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    stopListening: () => void server.close(),
  };
}

/** Answers the handshake and drops the connection at the first call. */
async function startDropping(): Promise<{ port: number; dropped: () => number; stop: () => void }> {
  let count = 0;
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    count += 1;
    stream.session?.destroy();
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    dropped: () => count,
    stop: () => server.close(),
  };
}

test('a call carries who asks, the request id and the trace, and nothing else', async () => {
  const upstream = await startUpstream();
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const deadline = new Date(Date.now() + 1_500);
  const order = await get(client, { traceparent, deadline });
  assert.is(order.name, 'orders/1');
  const [seen] = upstream.calls;
  assert.is(seen?.userId, 'alice');
  assert.is(seen?.requestId, 'request-0001');
  assert.is(seen?.traceparent, traceparent);
  assert.ok(Math.abs(Number(seen?.deadline) - Number(deadline)) < 100);
  client.close();
  await upstream.stop();
});

test('errors come out as those of the catalogue, details and all', async () => {
  const violations = [{ field: 'name', description: 'must be nicer' }];
  const upstream = await startUpstream({
    work: () => Promise.reject(new PurserError('INVALID_REQUEST', {}, { violations })),
  });
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  const error = await get(client).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof PurserError);
  assert.is(error.reason, 'INVALID_REQUEST');
  assert.equal(error.violations, violations);
  // Of the failed call itself there is none.
  assert.match(error.stack ?? '', /\n +at /);
  client.close();
  await upstream.stop();
});

test('a call ends at its deadline, at the server too', async () => {
  const aborted = Promise.withResolvers<void>();
  const upstream = await startUpstream({
    work: async (call) => {
      await once(call.signal, 'abort');
      aborted.resolve();
    },
  });
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  const startedMs = performance.now();
  assert.is(
    await reasonOf(get(client, { deadline: new Date(Date.now() + 150) })),
    'DEADLINE_EXCEEDED',
  );
  assert.ok(performance.now() - startedMs < 1_000);
  await aborted.promise;
  client.close();
  await upstream.stop();
});

test('a caller who goes cancels the call, at the server too', async () => {
  const entered = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const upstream = await startUpstream({
    work: async (call) => {
      entered.resolve();
      await once(call.signal, 'abort');
      aborted.resolve();
    },
  });
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  const controller = new AbortController();
  const call = reasonOf(get(client, { signal: controller.signal }));
  await entered.promise;
  controller.abort();
  assert.is(await call, 'CANCELLED');
  await aborted.promise;
  assert.is(await reasonOf(get(client, { signal: controller.signal })), 'CANCELLED');
  assert.is(upstream.calls.length, 1);
  client.close();
  await upstream.stop();
});

test('nobody there is DEPENDENCY_UNAVAILABLE, well before the deadline', async () => {
  const gone = await startUpstream();
  await gone.stop();
  const client = new GrpcClient({ target: `${host}:${gone.port}`, log });
  const startedMs = performance.now();
  assert.is(await reasonOf(get(client)), 'DEPENDENCY_UNAVAILABLE');
  assert.ok(performance.now() - startedMs < 1_000);
  client.close();
});

test('a dropped call is repeated elsewhere when that is harmless, and only then', async () => {
  const dropping = await startDropping();
  const upstream = await startUpstream();
  const client = new GrpcClient({
    target: `${host}:${dropping.port},${host}:${upstream.port}`,
    log,
  });
  await get(client);
  for (let call = 0; call < 12; call += 1) {
    assert.is(await reasonOf(get(client)), 'none');
    assert.is(await reasonOf(create(client, 'key-1')), 'none');
    assert.is(await reasonOf(cancel(client)), 'none');
    await sleep(20);
  }
  assert.ok(dropping.dropped() > 0);
  const before = dropping.dropped();
  const reasons = new Set<string>();
  while (dropping.dropped() === before) {
    reasons.add(await reasonOf(create(client, '')));
    await sleep(20);
  }
  assert.ok(reasons.has('DEPENDENCY_UNAVAILABLE'));
  client.close();
  dropping.stop();
  await upstream.stop();
});

test('what the service itself refused is not repeated', async () => {
  const upstream = await startUpstream({
    work: () => Promise.reject(new PurserError('OVERLOADED')),
  });
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  assert.is(await reasonOf(get(client)), 'OVERLOADED');
  assert.is(upstream.calls.length, 1);
  client.close();
  await upstream.stop();
});

test('calls spread over two servers, survive the end of one, and return to it', async () => {
  const first = await startUpstream();
  const second = await startUpstream();
  const client = new GrpcClient({ target: `${host}:${first.port},${host}:${second.port}`, log });
  await get(client);
  await sleep(100);
  for (let call = 0; call < 20; call += 1) await get(client);
  assert.ok(
    first.calls.length >= 9 && second.calls.length >= 9,
    `${first.calls.length} ${second.calls.length}`,
  );
  await second.stop();
  for (let call = 0; call < 20; call += 1) assert.is(await reasonOf(get(client)), 'none');
  const again = await startUpstream({ port: second.port });
  for (let tries = 0; again.calls.length === 0 && tries < 100; tries += 1) {
    await get(client);
    await sleep(50);
  }
  assert.ok(again.calls.length > 0);
  client.close();
  await first.stop();
  await again.stop();
});

test('a silent server is given up, and its successor found within seconds', async () => {
  const hole = await startBlackHole();
  const client = new GrpcClient({ target: `${host}:${hole.port}`, log });
  assert.is(
    await reasonOf(get(client, { deadline: new Date(Date.now() + 300) })),
    'DEADLINE_EXCEEDED',
  );
  hole.stopListening();
  const healthy = await startUpstream({ port: hole.port });
  // Three seconds for the handshake that never comes, and the reconnect after it.
  assert.ok((await recovery(client, 5_000)) < 5_000);
  await sleep(50);
  assert.ok(hole.sockets.length > 0);
  assert.ok(
    hole.sockets.every((socket) => socket.closed),
    'a given-up connection is closed',
  );
  client.close();
  await healthy.stop();
});

test('a silent server among healthy ones takes part again when it speaks', async () => {
  const hole = await startBlackHole();
  const healthy = await startUpstream();
  const target = `${host}:${hole.port},${host}:${healthy.port}`;
  const client = new GrpcClient({ target, log, times: { handshakeTimeoutMs: 300 } });
  assert.is(await reasonOf(get(client)), 'none');
  hole.stopListening();
  const recovered = await startUpstream({ port: hole.port });
  for (let tries = 0; recovered.calls.length === 0 && tries < 60; tries += 1) {
    await get(client);
    await sleep(50);
  }
  assert.ok(recovered.calls.length > 0);
  client.close();
  await healthy.stop();
  await recovered.stop();
});

test('a channel without a connection is made anew, whatever its handshakes do', async () => {
  const hole = await startBlackHole();
  const times = { handshakeTimeoutMs: 60_000, stuckTimeoutMs: 500 };
  const client = new GrpcClient({ target: `${host}:${hole.port}`, log, times });
  assert.is(
    await reasonOf(get(client, { deadline: new Date(Date.now() + 100) })),
    'DEADLINE_EXCEEDED',
  );
  hole.stopListening();
  const healthy = await startUpstream({ port: hole.port });
  assert.ok((await recovery(client, 3_000)) < 3_000);
  client.close();
  for (const socket of hole.sockets) socket.destroy();
  await healthy.stop();
});

test.run();
