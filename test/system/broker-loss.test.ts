import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { isPublished } from '#lib/outbox/is-published.ts';
import { eventually } from '#test/harness/service.ts';
import { finalOrders, fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('the broker loses its storage in the middle of 300 orders');

/** 128 MiB, a quarter of the default. */
const streamBytesMax = 2 ** 27;
const system = await startSystem({
  PURSER_ORDERS_INSTANCES: '2',
  PURSER_STREAM_BYTES_MAX: String(streamBytesMax),
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

function signal(pattern: RegExp, name: NodeJS.Signals): void {
  const pids = system.pids(pattern);
  assert.ok(pids.length > 0, `no process matches ${pattern}`);
  for (const pid of pids) process.kill(pid, name);
}

const nats = /nats-server/;
const payments = /services\/payments\/main/;

test(
  'all of them end within a minute, each debited once',
  async () => {
    const { call } = await fundedUser(system.url, 1_400);
    const create = async (index: number) => {
      const body = { amount: usd(7) };
      const reply = await call('POST', '/v1/orders', { body, key: `order-${index}` });
      assert.is(reply.status, 201);
    };
    const createAll = (from: number) =>
      Promise.all(Array.from({ length: 150 }, (_, index) => create(from + index)));

    // What Payments has received it still knows when it goes on; killed, it knows nothing.
    signal(payments, 'SIGSTOP');
    await createAll(0);
    await eventually(
      () =>
        system.sql<{ open: bigint }>(
          'orders',
          `select count(*) as open
           from outbox o cross join outbox_relay r where not ${isPublished}`,
        ),
      ([row]) => row?.open === 0n,
    );
    const second = createAll(150);
    signal(nats, 'SIGSTOP');
    rmSync(join(system.dataFolder, 'nats', 'jetstream'), { recursive: true });
    signal(nats, 'SIGKILL');
    signal(payments, 'SIGKILL');
    const lostAt = performance.now();
    await second;

    const orders = await finalOrders(call, 300, 60_000);
    assert.ok(performance.now() - lostAt < 60_000);
    const paid = orders.filter(({ state }) => state === 'PAID');
    assert.is(paid.length, 200, '1,400 pay for 200 orders of 7');
    await system.requireSound();
    assert.equal((await call('GET', '/v1/account')).body.balance, usd(0));
    const [resent] = await system.sql<{ count: bigint }>(
      'orders',
      'select count(*) from outbox where publication > 1',
    );
    assert.ok(resent!.count >= 150n, `${resent!.count} requests were lost`);
  },
  { timeoutMs: 120_000 },
);

test('the streams that were made anew are as large as the services were told', async () => {
  const connection = await connect({ servers: `nats://127.0.0.1:${system.ports.nats}` });
  const { streams } = await jetstreamManager(connection);
  for (const name of ['ORDERS', 'PAYMENTS']) {
    assert.is((await streams.info(name)).config.max_bytes, streamBytesMax);
  }
  await connection.close();
});

test.run();
