import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LiveClient } from '#test/system/live-client.ts';
import { drill, type DrillContext } from '../drill.ts';
import { select } from '../observe.ts';
import type { Random } from '../random.ts';
import { waitUntilFinal } from '../run-drill.ts';
import type { Member } from '../world/member.ts';
import { Probe, require } from './until.ts';

const bodies = [
  '{',
  '[]',
  'null',
  '{"amount":1e999}',
  '{"amount":{"amountMinor":"-1"}}',
  '"\\ud800"',
];

/** Bytes that look like HTTP to very different degrees. */
function malformed(random: Random): Buffer {
  const line = random.pick(['POST /v1/orders HTTP/1.1', 'GET /v1/%zz HTTP/1.1', 'BREW / HTTP/9']);
  const head = `${line}\r\nHost: x\r\nX-User-Id: mallory\r\nContent-Type: application/json\r\n`;
  const body = random.pick(bodies);
  return random.pick([
    () => randomBytes(random.between(1, 4_000)),
    () => Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`),
    () => Buffer.from(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    () => Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
    () => Buffer.from(`${head}X-Big: ${'a'.repeat(random.between(1, 40_000))}\r\n\r\n`),
    () => Buffer.from(`${head} folded: yes\r\nX User: a\r\n\r\n`),
    () => Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), randomBytes(300)]),
  ])();
}

/** The first line of what is answered within a moment; '' when nothing is. */
function throwAt(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer.split('\r\n', 1)[0]!));
    socket.setTimeout(150, () => socket.destroy());
    socket.write(bytes);
  });
}

export const malformedRequests = drill({
  name: 'malformed',
  faults: 'F17',
  says: 'bytes that are no request, or a wrong one, at the ports of the gateways and of gRPC',
  round: '500 connections',
  roundsDefault: 2,
  mustObserve: ['refused politely'],
  async run({ rounds, random, world, injected, observed, fault, measured }) {
    const ports = [
      ...world.portsOf('gateway'),
      ...world.portsOf('gateway'),
      ...world.portsOf('orders'),
    ];
    const deaths = () => world.members.reduce((sum, member) => sum + member.deaths, 0);
    const [deathsBefore, memoryBefore] = [deaths(), memoryMb(world.services)];
    for (let round = 0; round < rounds; round += 1) {
      for (let part = 0; part < 10; part += 1) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => throwAt(random.pick(ports), malformed(random))),
        );
        injected('malformed requests', answers.length);
        for (const line of answers) {
          if (line.startsWith('HTTP/1.1 4')) observed('refused politely');
          if (line.startsWith('HTTP/1.1 5')) fault(`answered with ${line}`);
        }
      }
    }
    if (deaths() > deathsBefore) fault(`${deaths() - deathsBefore} processes died of it`);
    measured('growth of all processes', memoryMb(world.services) - memoryBefore, 'MB');
  },
});

/** Memory that the processes hold together. */
function memoryMb(members: readonly Member[]): number {
  const pages = members.map(({ pid }) => {
    const text = pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0);
  });
  return pages.reduce((sum, value) => sum + value, 0) / 1_024;
}

/** A WebSocket that asks for everything and never reads. */
function deafSocket(port: number, userId: string): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  const head = `GET /v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  socket.write(`${head}${key}X-User-Id: ${userId}\r\n\r\n`);
  // One masked text frame with the mask of zeros: {}
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]));
  socket.pause();
  return socket;
}

export const deafReaders = drill({
  name: 'deaf-readers',
  faults: 'F18',
  says: 'WebSockets that subscribe to everything and never read, beside buyers who want to buy',
  round: '100 such sockets for 10 s',
  roundsDefault: 1,
  mustObserve: ['sockets opened'],
  load: { users: 20, clientsPerUser: 1 },
  async run({ rounds, world, load, injected, observed, measured, fault, random }) {
    const watched = world.all('gateway', 'notifications');
    const before = memoryMb(watched);
    for (let round = 0; round < rounds; round += 1) {
      const ports = world.portsOf('gateway');
      // Five of each user, which is all that one may have.
      const sockets = Array.from({ length: 5 * load.userIds.length }, (_, index) =>
        deafSocket(random.pick(ports), load.userIds[index % load.userIds.length]!),
      );
      injected('deaf sockets', sockets.length);
      await sleep(10_000);
      observed('sockets opened', sockets.filter(({ readyState }) => readyState === 'open').length);
      measured('growth of gateways and Notifications', memoryMb(watched) - before, 'MB');
      for (const socket of sockets) socket.destroy();
    }
    const growth = memoryMb(watched) - before;
    if (growth > 100) fault(`gateways and Notifications grew by ${growth.toFixed(0)} MB`);
  },
});

export const liveReconnect = drill({
  name: 'live-reconnect',
  faults: 'F19',
  says: 'gateways and Notifications are killed, and the broker, under open WebSockets',
  round: 'one kill',
  roundsDefault: 4,
  mustObserve: ['WebSockets opened again'],
  async run(context) {
    const { rounds, random, world, load, injected, observed, fault } = context;
    const clients = load.userIds.map((userId) => new LiveClient(userId, world.portsOf('gateway')));
    await Promise.all(clients.map((client) => client.connected()));
    for (let round = 0; round < rounds; round += 1) {
      await sleep(random.between(500, 2_000));
      const victim = random.pick(world.all('gateway', 'notifications', 'nats'));
      await victim.kill();
      injected(`kills of ${victim.kind}`);
    }
    await load.stop();
    await waitUntilFinal(world, 90_000);
    await require(context, 'every watcher knows every end', () =>
      areInformed(context, clients), 60);
    for (const client of clients) {
      for (const problem of client.problems) fault(problem);
      observed('WebSockets opened again', Math.max(0, client.connections - 1));
      client.close();
    }
  },
});

async function areInformed(
  { world, load }: DrillContext,
  clients: readonly LiveClient[],
): Promise<boolean> {
  const text = "select 'orders/' || id as name, user_id, state from orders";
  const rows = await select<{ name: string; user_id: string; state: string }>(
    world.addresses().orders,
    text,
  );
  return rows.every(({ name, user_id: userId, state }) => {
    const client = clients[load.userIds.indexOf(userId)];
    const seen = client?.statesOf(name).at(-1);
    // What had ended before the client came is in no change that it was told of.
    return client === undefined || seen === undefined || seen === state;
  });
}

export const flood = drill({
  name: 'flood',
  faults: 'F20',
  says:
    'thousands of connections at once to gateways and services, ' +
    'and every session of PostgreSQL taken',
  round: '2,000 connections, then no free session for 5 s',
  roundsDefault: 1,
  mustObserve: ['connections opened', 'sessions held'],
  async run(context) {
    const { rounds, random, world, injected, observed } = context;
    const probe = new Probe(context);
    for (let round = 0; round < rounds; round += 1) {
      const ports = [...world.portsOf('gateway'), ...world.portsOf('orders')];
      const sockets = Array.from({ length: 2_000 }, () => {
        const socket = connect({ host: '127.0.0.1', port: random.pick(ports) });
        return socket.on('error', () => {});
      });
      injected('connections', sockets.length);
      await sleep(3_000);
      observed(
        'connections opened',
        sockets.filter(({ readyState }) => readyState === 'open').length,
      );
      await require(context, 'buys during the flood', async () =>
        (await probe.buys(5_000)) !== undefined, 30);
      for (const socket of sockets) socket.destroy();
      const sessions = await holdSessions(world.addresses().payments);
      observed('sessions held', sessions.length);
      injected('times without a free session');
      await sleep(5_000);
      const healthy = await world.internal('payments-1', '/healthz');
      if (healthy?.status !== 200) context.fault('Payments says nothing about its health');
      for (const session of sessions) await session.end().catch(() => {});
      await require(context, 'payments go on after', () => probe.pays(5), 10);
    }
    probe.close();
  },
});

/** As many sessions as there are, until the server has no more. */
async function holdSessions(url: string): Promise<pg.Client[]> {
  const held: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      held.push(client);
    } catch {
      return held;
    }
  }
}
