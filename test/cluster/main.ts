// npm run cluster-check -- nats | postgres: servers are lost under load, nothing else.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsServerBinary } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { readArguments, WrongArgument, wholeNumber } from '../../tools/command/read-arguments.ts';
import { ordersDuring } from '../deploy/check/load.ts';
import { Fleet } from './fleet.ts';
import { NatsCluster } from './nats-cluster.ts';
import { PostgresPair } from './postgres-pair.ts';
import { startBroker, startDatabases } from './servers.ts';
import { Steps } from './steps.ts';

const databases = ['orders', 'payments', 'notifications'];
const streams = ['ORDERS', 'PAYMENTS'];

const usage = `npm run cluster-check -- nats | postgres [--rounds N]
Loses servers under load, and proves that no accepted order is lost. Some two minutes.
  nats        three brokers; needs Linux and root, for networks that can be cut
  postgres    a primary and its synchronous standby
  --rounds N  how often a leader or primary is killed; 4 unless told otherwise`;

const checks = { nats: checkNats, postgres: checkPostgres };

const { check, rounds } = readArguments(
  usage,
  { allowPositionals: true, options: { rounds: { type: 'string', default: '4' } } },
  ({ values, positionals }) => {
    const [kind = '', ...more] = positionals;
    if (more.length > 0 || !Object.hasOwn(checks, kind)) {
      throw new WrongArgument('Name one of nats and postgres.');
    }
    return {
      check: checks[kind as keyof typeof checks],
      rounds: wholeNumber('--rounds', values.rounds, { min: 1 }),
    };
  },
);
const problems = await check();
process.stdout.write(problems === 0 ? 'All of it holds.\n' : `${problems} problems.\n`);
process.exitCode = problems === 0 ? 0 : 1;

/** Three brokers with three copies of each stream; leaders die and are cut off, under load. */
async function checkNats(): Promise<number> {
  const folder = temporaryFolder();
  const binary = await natsServerBinary();
  const cluster = await NatsCluster.open({ binary, folder });
  const { postgres, databaseUrls } = await startDatabases(folder, databases);
  const fleet = await Fleet.open({
    folder,
    databaseUrls,
    natsUrl: cluster.url,
    streamReplicas: 3,
    slots: 2,
  });
  const steps = new Steps(fleet, `nats-server ${cluster.version}, three servers`);
  try {
    await startFleet(fleet);
    await cluster.whole(streams);
    await steps.run('all three', () => sleep(3_000));
    for (let round = 1; round <= rounds; round += 1) {
      const stream = streams[round % 2]!;
      await steps.run(`${round}: leader of ${stream} killed`, async () => {
        const leader = await leaderOf(cluster, stream);
        await cluster.kill(leader);
        await sleep(6_000);
        await cluster.start(leader);
        await cluster.whole(streams);
      });
    }
    await steps.run('leader of ORDERS cut off for 15 s', async () => {
      const cut = await leaderOf(cluster, 'ORDERS');
      await cluster.cut(cut);
      await sleep(15_000);
      const others = [0, 1, 2].filter((index) => index !== cut);
      const next = await cluster.leaderOf('ORDERS', others);
      if (next === undefined || next === cut) throw new Error('the others have no leader');
      await cluster.heal();
      await cluster.whole(streams);
    });
    await steps.run('all three killed at once', async () => {
      await Promise.all([0, 1, 2].map((index) => cluster.kill(index)));
      await sleep(2_000);
      for (const index of [0, 1, 2]) await cluster.start(index);
      await cluster.whole(streams);
    });
    return steps.problems;
  } finally {
    await fleet.stop();
    await postgres.stop();
    await cluster.close();
  }
}

async function leaderOf(cluster: NatsCluster, stream: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const leader = await cluster.leaderOf(stream);
    if (leader !== undefined) return leader;
    await sleep(100);
  }
  throw new Error(`${stream} has no leader`);
}

/** The primary dies under load, its standby takes over, and the services follow. */
async function checkPostgres(): Promise<number> {
  const folder = temporaryFolder();
  const nats = await startBroker(folder);
  const pair = await PostgresPair.open(join(folder, 'postgres'), databases);
  const fleet = await Fleet.open({
    folder,
    databaseUrls: pair.databaseUrls,
    natsUrl: nats.url,
    streamReplicas: 1,
    slots: 2,
  });
  const steps = new Steps(fleet, 'PostgreSQL 18, a primary and a synchronous standby');
  try {
    await startFleet(fleet);
    const pids = new Set(fleet.members.map(({ pid }) => pid));
    await steps.run('both', () => sleep(3_000));
    for (let round = 1; round <= rounds; round += 1) {
      await steps.run(`${round}: primary killed`, async () => {
        await sleep(1_500);
        await pair.killPrimary();
        await sleep(1_000);
        await pair.promote();
        await sleep(2_000);
        await pair.restoreStandby();
      });
    }
    await steps.run('standby lost: nothing is accepted', async () => {
      await pair.killStandby();
      await requireRefused(fleet.url);
      await pair.startStandby();
    });
    await steps.run('standby lost, then the primary', async () => {
      await pair.killStandby();
      const key = await requireRefused(fleet.url);
      await pair.killPrimary();
      await pair.startStandby();
      await pair.promote();
      await pair.restoreStandby();
      await requireAccepted(fleet.url, key);
    });
    const left = fleet.members.filter(({ pid }) => pids.has(pid)).length;
    if (left !== pids.size) steps.fault(`${pids.size - left} services had to be started again`);
    return steps.problems;
  } finally {
    await fleet.stop();
    await pair.close();
    await nats.stop();
  }
}

interface Attempt {
  user: string;
  key: string;
}

/** Asks for one order with one key for 20 s; throws when it is accepted on one disk alone. */
async function requireRefused(url: string): Promise<Attempt> {
  const attempt = { user: `check-${randomUUID()}`, key: randomUUID() };
  for (const endMs = Date.now() + 20_000; Date.now() < endMs; await sleep(200)) {
    const status = await order(url, attempt);
    if (status !== undefined && status < 500) {
      throw new Error(`an order was answered with ${status} while there was no standby`);
    }
  }
  return attempt;
}

async function requireAccepted(url: string, attempt: Attempt): Promise<void> {
  for (const endMs = Date.now() + 30_000; Date.now() < endMs; await sleep(200)) {
    if ((await order(url, attempt)) === 201) return;
  }
  throw new Error('the order was not accepted after the standby had taken over');
}

async function order(url: string, { user, key }: Attempt): Promise<number | undefined> {
  const headers = {
    'x-user-id': user,
    'idempotency-key': key,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ amount: { currencyCode: 'USD', amountMinor: '7' } });
  const signal = AbortSignal.timeout(12_000);
  const answer = await fetch(`${url}/v1/orders`, { method: 'POST', headers, body, signal }).catch(
    () => undefined,
  );
  await answer?.arrayBuffer().catch(() => undefined);
  return answer?.status;
}

/** Two of each, on migrated databases. */
async function startFleet(fleet: Fleet): Promise<void> {
  await fleet.migrate();
  for (const service of ['payments', 'notifications', 'orders', 'gateway']) {
    await fleet.add(service);
    await fleet.add(service);
  }
  await ordersDuring(fleet.url, async () => {}, { users: 1 });
}
