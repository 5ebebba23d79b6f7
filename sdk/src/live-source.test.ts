import { WebSocketServer } from 'ws';
import type { WebSocket as ServerSocket } from 'ws';
import * as assert from 'uvu/assert';
import { LiveClient } from '../../gen/sdk/clients.ts';
import type { Order } from '../../gen/sdk/types.ts';
import { eventually } from '../../test/harness/service.ts';
import { suite } from '../../test/harness/suite.ts';
import { Caller } from './caller.ts';
import { FetchTransport } from './fetch-transport.ts';
import { liveSource } from './live-source.ts';
import type { LiveSourceOptions } from './live-source.ts';
import { Purser } from './purser.ts';
import { order, problem, scriptedServer } from './scripted-server.ts';
import type { Asked, Step } from './scripted-server.ts';

const test = suite('watching over the live stream');

interface Connected {
  ticket: string | null;
  /** The subscriptions that came. */
  received: string[];
  socket: ServerSocket;
  tell(kind: string, more?: { orders?: string[]; resumeToken?: string }): void;
}

/** A shop whose orders the test changes, with a live stream that says what the test tells it to. */
async function openShop() {
  const versions = new Map<string, number>();
  const connected: Connected[] = [];
  const shop = { hasTickets: true, versions, connected };
  const orderOf = (name: string) => {
    const version = versions.get(name) ?? 1;
    return { ...order, name, version: String(version), state: version > 8 ? 'FAILED' : 'PENDING' };
  };
  const answer = ({ method, url, headers }: Asked): Step => {
    if (method === 'GET') return { json: orderOf(url.replace('/v1/', '')) };
    if (!shop.hasTickets) return problem(404, 'ROUTE_NOT_FOUND');
    return { json: { ticket: `of-${headers['x-user-id']}`, expireTime: order.createTime } };
  };
  const server = await scriptedServer(answer);
  const streams = new WebSocketServer({ server: server.server, path: '/v1/live' });
  streams.on('connection', (socket, { url = '' }) => {
    const received: string[] = [];
    const ticket = new URL(url, 'http://shop').searchParams.get('ticket');
    socket.on('message', (data) => received.push(String(data)));
    const tell: Connected['tell'] = (kind, { orders = [], resumeToken = 'r' } = {}) =>
      socket.send(
        JSON.stringify({
          kind,
          number: '1',
          resumeToken,
          orders: orders.map((name) => orderOf(name)),
        }),
      );
    connected.push({ ticket, received, socket, tell });
  });
  return Object.assign(shop, {
    asked: (method: string) => server.asked.filter((one) => one.method === method).length,
    /** Polls rarely, so that what is seen soon came over the stream. */
    client(options: LiveSourceOptions = {}): Purser {
      const client = { baseUrl: server.baseUrl, userId: 'ann' };
      const transport = new FetchTransport(client);
      const tickets = new LiveClient(new Caller(transport, client));
      const slow = { joinMs: 0, pollMsMin: 60_000, pollMsMax: 60_000, checkMs: 60_000 };
      const orderSource = liveSource(transport.base, tickets, { ...slow, ...options });
      return new Purser({ ...client, orderSource });
    },
    connection: (index: number) =>
      eventually(
        async () => connected[index],
        (found) => found !== undefined && found.received.length > 0,
      ) as Promise<Connected>,
    async close() {
      streams.close();
      await server.stop();
    },
  });
}

/** Collects the versions that a watch gives. */
function collect(orders: AsyncIterable<Order>) {
  const versions: number[] = [];
  const ended = (async () => {
    for await (const { version } of orders) versions.push(Number(version));
  })();
  const has = (version: number) =>
    eventually(
      async () => versions,
      (seen) => seen.at(-1) === version,
    );
  return { versions, ended, has };
}

test('an order that is final within the first second opens no socket', async () => {
  const shop = await openShop();
  shop.versions.set('orders/1', 3);
  const purser = shop.client({ joinMs: 1_000, pollMsMin: 5 });
  const watched = collect(purser.orders.watch('orders/1'));
  await watched.has(3);
  shop.versions.set('orders/1', 9);
  await watched.ended;
  assert.equal(watched.versions, [3, 9]);
  assert.is(shop.asked('POST'), 0);
  await shop.close();
});

test('one socket for all orders of a user; what it tells is read, and nothing else', async () => {
  const shop = await openShop();
  const { orders } = shop.client();
  const [one, two] = ['orders/1', 'orders/2'].map((name) => collect(orders.watch(name)));
  const other = collect(orders.watch('orders/3', { userId: 'bob' }));
  const first = await shop.connection(0);
  const second = await shop.connection(1);
  const [ann, bob] = first.ticket === 'of-ann' ? [first, second] : [second, first];
  assert.equal([ann.ticket, bob.ticket], ['of-ann', 'of-bob']);
  assert.equal(ann.received, ['{"resumeToken":""}']);
  await Promise.all([one!.has(1), two!.has(1), other.has(1)]);
  // It says what is known already: nobody looks.
  ann.tell('SNAPSHOT', { orders: ['orders/1', 'orders/2'] });
  bob.tell('SNAPSHOT', { orders: ['orders/3'] });
  shop.versions.set('orders/1', 2);
  ann.tell('ORDER', { orders: ['orders/1'] });
  await one!.has(2);
  assert.is(shop.asked('GET'), 4);
  for (const version of [3, 9]) {
    shop.versions.set('orders/2', version);
    ann.tell('ORDER', { orders: ['orders/2'] });
    await two!.has(version);
  }
  await two!.ended;
  // An order that the snapshot leaves out may have changed before the stream was there.
  shop.versions.set('orders/1', 9);
  ann.tell('SNAPSHOT', { orders: [] });
  await one!.ended;
  shop.versions.set('orders/3', 9);
  bob.tell('ORDER', { orders: ['orders/3'] });
  await other.ended;
  assert.equal(
    [one!.versions, two!.versions],
    [
      [1, 2, 9],
      [1, 3, 9],
    ],
  );
  await eventually(
    async () => shop.connected.filter(({ socket }) => socket.readyState < 2).length,
    (open) => open === 0,
  );
  assert.is(shop.connected.length, 2);
  await shop.close();
});

test('who joins a stream that is there looks once more, for what was told before', async () => {
  const shop = await openShop();
  const { orders } = shop.client();
  const one = collect(orders.watch('orders/1'));
  const stream = await shop.connection(0);
  stream.tell('SNAPSHOT', { orders: ['orders/1'] });
  const next = orders.watch('orders/2');
  assert.is((await next.next()).value.version, 1n);
  shop.versions.set('orders/2', 2);
  stream.tell('ORDER', { orders: ['orders/2'] });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.is((await next.next()).value.version, 2n);
  await next.return?.();
  shop.versions.set('orders/1', 9);
  stream.tell('ORDER', { orders: ['orders/1'] });
  await one.ended;
  await shop.close();
});

test('watches that come and go at different times share one socket', async () => {
  const shop = await openShop();
  shop.versions.set('orders/9', 9);
  const { orders } = shop.client({ joinMs: 100, pollMsMin: 20, pollMsMax: 50 });
  const names = ['orders/1', 'orders/2', 'orders/3'];
  const watched = names.slice(1).map((name) => collect(orders.watch(name)));
  // One that ends before it ever joins must not take the stream from those that are to join.
  await collect(orders.watch('orders/9')).ended;
  watched.push(collect(orders.watch('orders/1')));
  const stream = await shop.connection(0);
  stream.tell('SNAPSHOT', { orders: names });
  await collect(orders.watch('orders/9')).ended;
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (const name of names) shop.versions.set(name, 9);
  stream.tell('ORDER', { orders: names });
  await Promise.all(watched.map(({ ended }) => ended));
  assert.is(shop.connected.length, 1);
  await shop.close();
});

test('while the socket is away it polls, and resumes with the last token', async () => {
  const shop = await openShop();
  const { orders } = shop.client({ pollMsMin: 20, pollMsMax: 40 });
  const watched = collect(orders.watch('orders/1'));
  const first = await shop.connection(0);
  first.tell('SNAPSHOT', { orders: ['orders/1'], resumeToken: 'one' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const looks = shop.asked('GET');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.is(shop.asked('GET'), looks, 'over a stream nobody polls');
  first.socket.terminate();
  shop.versions.set('orders/1', 2);
  await watched.has(2);
  const second = await shop.connection(1);
  assert.equal(second.received, ['{"resumeToken":"one"}']);
  second.tell('HEARTBEAT');
  // Late: it never goes back.
  shop.versions.set('orders/1', 1);
  second.tell('ORDER', { orders: ['orders/1'] });
  shop.versions.set('orders/1', 9);
  second.tell('ORDER', { orders: ['orders/1'] });
  await watched.ended;
  assert.equal(watched.versions, [1, 2, 9]);
  await shop.close();
});

type WebSocketClass = NonNullable<LiveSourceOptions['WebSocket']>;

function BrokenSocket(): never {
  throw new Error('not here');
}

for (const [name, options] of [
  ['no WebSocket', { WebSocket: undefined }],
  ['one that cannot be opened', { WebSocket: BrokenSocket as unknown as WebSocketClass }],
] as const) {
  test(`a runtime with ${name} polls`, async () => {
    const shop = await openShop();
    const { WebSocket } = globalThis;
    if (options.WebSocket === undefined) Reflect.deleteProperty(globalThis, 'WebSocket');
    const { orders } = shop.client({ pollMsMin: 5, pollMsMax: 20, ...options });
    globalThis.WebSocket = WebSocket;
    const watched = collect(orders.watch('orders/1'));
    await watched.has(1);
    shop.versions.set('orders/1', 9);
    await watched.ended;
    assert.is(shop.connected.length, 0);
    await shop.close();
  });
}

test('a system without a live stream is polled', async () => {
  const shop = await openShop();
  shop.hasTickets = false;
  const { orders } = shop.client({ pollMsMin: 5, pollMsMax: 20 });
  const watched = collect(orders.watch('orders/1'));
  await watched.has(1);
  await eventually(
    async () => shop.asked('POST'),
    (asked) => asked > 0,
  );
  shop.versions.set('orders/1', 9);
  await watched.ended;
  await shop.close();
});

test('an abort ends the wait at once, and the socket with it', async () => {
  const shop = await openShop();
  const { orders } = shop.client();
  const gone = new AbortController();
  const watched = collect(orders.watch('orders/1', { signal: gone.signal }));
  const { socket, tell } = await shop.connection(0);
  tell('SNAPSHOT', { orders: ['orders/1'] });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  gone.abort();
  const error = await watched.ended.catch((thrown: { reason: string }) => thrown);
  assert.is((error as { reason: string }).reason, 'CANCELLED');
  await closed;
  await shop.close();
});

test.run();
