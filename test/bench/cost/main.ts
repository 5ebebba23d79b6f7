// npm run bench:cost: what one paid order costs in CPU time, bytes and messages, by process and
// table. One of each process; Linux. About a minute.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import { natsServerBinary } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { Fleet } from '../../cluster/fleet.ts';
import { startBroker, startDatabases } from '../../cluster/servers.ts';
import { readArguments, wholeNumber } from '../../../tools/command/read-arguments.ts';
import { natsServerVersion } from '../../../tools/local/find-nats-server.ts';
import { createOrders, openAccounts } from './load.ts';
import { costOf, look, query } from './measure.ts';

const usage = `npm run bench:cost -- [--orders N] [--concurrency N] [--json FILE]
Measures what one paid order costs in CPU time, bytes and messages, by process and table.
  --orders N       how many; 20000 unless told otherwise
  --concurrency N  how many at a time; 64 unless told otherwise
  --json FILE      writes the figures there as well`;

const options = {
  orders: { type: 'string', default: '20000' },
  concurrency: { type: 'string', default: '64' },
  json: { type: 'string' },
} as const;

const { orders, concurrency, json } = readArguments(usage, { options }, ({ values }) => ({
  orders: wholeNumber('--orders', values.orders, { min: 1 }),
  concurrency: wholeNumber('--concurrency', values.concurrency, { min: 1 }),
  json: values.json,
}));
const services = ['payments', 'notifications', 'orders', 'gateway'];
const databases = ['orders', 'payments', 'notifications'];
const folder = temporaryFolder();
const binary = await natsServerBinary();
const nats = await startBroker(folder);
const { postgres, databaseUrls } = await startDatabases(folder, databases);
const fleet = await Fleet.open({
  folder,
  databaseUrls,
  natsUrl: nats.url,
  streamReplicas: 1,
  slots: 1,
});

/** Until every order has ended and everybody who is to be told has been. */
async function untilDone(count: number): Promise<void> {
  for (const endMs = Date.now() + 300_000; Date.now() < endMs; await sleep(200)) {
    const [[paid]] = (await query(postgres.url('orders'), [
      `select count(*) as n from orders where state = 'PAID'`,
    ])) as [[Record<string, unknown>]];
    const [[told]] = (await query(postgres.url('notifications'), [
      `select count(*) as n from orders where state = ${Order_State.PAID}`,
    ])) as [[Record<string, unknown>]];
    if (Number(paid!['n']) >= count && Number(told!['n']) >= count) return;
  }
  throw new Error('the orders have not ended after five minutes');
}

try {
  await fleet.migrate();
  const processes: Record<string, number> = { 'nats-server': nats.pid };
  for (const service of services) processes[service] = (await fleet.add(service)).pid;
  progress('opening accounts');
  const users = await openAccounts(fleet.url, 200);
  const warmUp = Math.ceil(orders / 10);
  await createOrders({ url: fleet.url, users, orders: warmUp, concurrency });
  await untilDone(warmUp);
  progress(`warmed up with ${warmUp} orders`);
  const watched = {
    processes,
    postgresPid: postgres.pid,
    postgresUrl: (database: string) => postgres.url(database),
    databases,
    natsUrl: nats.url,
  };
  const before = await look(watched);
  const startedMs = performance.now();
  await createOrders({ url: fleet.url, users, orders, concurrency });
  progress('the orders are accepted');
  await untilDone(warmUp + orders);
  const seconds = (performance.now() - startedMs) / 1_000;
  const after = await look(watched);
  const report = {
    conditions: {
      orders,
      users: users.length,
      concurrency,
      ordersPerSecond: Math.round(orders / seconds),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      node: process.version,
      nats: (await natsServerVersion(binary)) ?? '',
      postgres: '18',
    },
    perOrder: costOf(before, after, orders),
  };
  print(report);
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`${await fleet.requireSound(60_000)}\n`);
} finally {
  await fleet.stop();
  await postgres.stop();
  await nats.stop();
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(report: { conditions: object; perOrder: ReturnType<typeof costOf> }): void {
  const { conditions, perOrder } = report;
  const lines = [JSON.stringify(conditions)];
  for (const [title, costs, digits] of [
    ['CPU, ms per order', perOrder.cpuMs, 3],
    ['tables with indexes, bytes per order', perOrder.tableBytes, 0],
    ['messages per order', perOrder.messages, 2],
    ['bytes in streams per order', perOrder.messageBytes, 0],
  ] as const) {
    lines.push('', title);
    for (const [name, value] of Object.entries(costs)) {
      if (value !== 0) lines.push(`  ${name.padEnd(32)} ${value.toFixed(digits).padStart(9)}`);
    }
  }
  lines.push('', `write-ahead log  ${perOrder.walBytes.toFixed(0)} bytes per order`);
  lines.push(`commits          ${perOrder.commits.toFixed(3)} per order`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
