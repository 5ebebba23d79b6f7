import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { finalOrders, fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { Purser } from '../../sdk/src/purser.ts';
import { LiveClient } from './live-client.ts';

const test = suite('live');

/** 1,000 take a minute more. */
const reconnects = Number(process.env['PURSER_TEST_RECONNECTS'] ?? 200);

const system = await startSystem({
  PURSER_GATEWAY_INSTANCES: '2',
  PURSER_NOTIFICATIONS_INSTANCES: '3',
  PURSER_ORDERS_INSTANCES: '2',
});
const [gatewayA, gatewayB] = [system.ports.gateway, system.ports.gateway + 100];
const urlB = `http://127.0.0.1:${gatewayB}`;

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** How many streams the n-th instance of Notifications has open. */
async function streamsOf(instance: number): Promise<number> {
  const port = system.ports.notificationsInternal + 100 * (instance - 1);
  const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
  return Number(/^purser_live_streams (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Kills the n-th instance at once, as a power cut would. It is started again a moment later. */
function kill(instance: number): void {
  const file = join(system.dataFolder, 'run', `notifications-${instance}.pid`);
  process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
}

test('the instance behind a client is killed: no status is missed, none is repeated', async () => {
  const { userId, call } = await fundedUser(urlB, 10_000);
  const client = new LiveClient(userId, [gatewayA]);
  await client.connected();
  const first = (await call('POST', '/v1/orders', { body: { amount: usd(10) } })).body;
  await client.sees(first.name, 'PAID');
  const counts = await Promise.all([1, 2, 3].map(streamsOf));
  assert.equal(counts.toSorted(), [0, 0, 1]);
  const behind = counts.indexOf(1) + 1;
  const second = call('POST', '/v1/orders', { body: { amount: usd(20) } });
  kill(behind);
  const third = call('POST', '/v1/orders', { body: { amount: usd(30) } });
  for (const { body } of await Promise.all([second, third])) await client.sees(body.name, 'PAID');
  await call('POST', `/v1/${first.name}:cancel`, { body: {} });
  await client.sees(first.name, 'CANCELLED');
  assert.ok(client.connections >= 2);
  assert.equal(client.problems, []);
  assert.is(client.snapshots, 1, 'the resumption went on from the token');
  assert.equal(client.statesOf(first.name), ['PENDING', 'PAID', 'CANCELLING', 'CANCELLED']);
  for (const order of [await second, await third]) {
    assert.equal(client.statesOf(order.body.name), ['PENDING', 'PAID']);
  }
  const { body: account } = await call('GET', '/v1/account');
  await eventually(
    async () => client.balance,
    (balance) => balance === account.balance.amountMinor,
  );
  client.close();
});

test(
  `${reconnects} reconnects at random moments, one instance killed: all see every final state`,
  async () => {
    const users = await Promise.all(
      Array.from({ length: 20 }, () => fundedUser(system.url, 1_000_000)),
    );
    const clients = users.map(({ userId }) => new LiveClient(userId, [gatewayA, gatewayB]));
    await Promise.all(clients.map((client) => client.connected()));
    let left = reconnects;
    const disturb = async (client: LiveClient) => {
      while (left > 0) {
        left -= 1;
        await sleep(Math.random() * 200);
        await client.connected();
        client.cut();
      }
    };
    const ordersEach = 10;
    const order = async ({ call }: (typeof users)[0]) => {
      for (let index = 0; index < ordersEach; index += 1) {
        const { body } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
        await sleep(Math.random() * 100);
        if (index % 3 === 0) await call('POST', `/v1/${body.name}:cancel`, { body: {} });
      }
    };
    setTimeout(() => kill(2), 700);
    await Promise.all([...clients.map(disturb), ...users.map(order)]);
    for (const [index, { call }] of users.entries()) {
      const client = clients[index]!;
      const orders = await finalOrders(call, ordersEach);
      for (const { name } of orders) {
        const settled = await eventually(
          async () => (await call('GET', `/v1/${name}`)).body.state as string,
          (state) => state !== 'CANCELLING',
        );
        await client.sees(name, settled);
        const states = client.statesOf(name);
        const whole =
          settled === 'CANCELLED'
            ? [
                ['PENDING', 'CANCELLING', 'CANCELLED'],
                ['PENDING', 'PAID', 'CANCELLING', 'CANCELLED'],
              ]
            : [['PENDING', 'PAID']];
        assert.ok(
          whole.some((way) => way.join() === states.join()),
          `${settled}: ${states.join()}`,
        );
      }
      assert.equal(client.problems, []);
      client.close();
    }
    const connections = clients.reduce((sum, client) => sum + client.connections, 0);
    assert.ok(connections >= reconnects, `${connections} connections`);
  },
  { timeoutMs: 170_000 },
);

test('the SDK watches an order over the stream, and outlives its gateway', async () => {
  const { userId, call } = await fundedUser(urlB, 10_000);
  const { body } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
  const asked: string[] = [];
  const hooks = { onRequest: ({ operation }: { operation: string }) => asked.push(operation) };
  const purser = new Purser({ baseUrl: system.url, userId, hooks });
  const states: string[] = [];
  const watched = (async () => {
    for await (const { state } of purser.orders.watch(body.name)) states.push(state);
  })();
  await eventually(
    async () => (await Promise.all([1, 2, 3].map(streamsOf))).reduce((sum, one) => sum + one),
    (streams) => streams === 1,
  );
  const looks = asked.filter((operation) => operation.endsWith('GetOrder')).length;
  // Polling would look at least twice in that time, and would not stop by then.
  await sleep(4_000);
  const more = asked.filter((operation) => operation.endsWith('GetOrder')).length - looks;
  assert.ok(more <= 1, `${more} looks over a stream`);
  for (const pid of system.pids(/gateway\/main/)) process.kill(pid, 'SIGKILL');
  await purser.orders.cancel(body.name);
  await watched;
  assert.is(states.at(-1), 'CANCELLED');
  for (const url of [system.url, urlB]) {
    await eventually(
      () =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      (ok) => ok,
    );
  }
});

test('a browser’s way: a ticket from REST opens a WebSocket through any gateway', async () => {
  const { userId, call } = await fundedUser(system.url, 100);
  const { status, body } = await call('POST', '/v1/liveTickets', { body: {} });
  assert.is(status, 201);
  const client = new LiveClient(undefined, [gatewayB], `?ticket=${body.ticket}`);
  await client.connected();
  await eventually(
    async () => client.balance,
    (balance) => balance === '100',
  );
  client.close();
  const { body: list } = await eventually(
    () => call('GET', '/v1/notifications'),
    (reply) => reply.body.notifications?.length === 1,
  );
  assert.equal([list.notifications[0].kind, list.unreadCount], ['ACCOUNT_TOPPED_UP', 1]);
  const readUntil = list.notifications[0].createTime;
  const marked = await call('POST', '/v1/notifications:markRead', { body: { readUntil } });
  assert.is(marked.status, 200, userId);
});

test.run();
