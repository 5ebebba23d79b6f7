import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '#test/harness/freeze.ts';
import { drill, type DrillContext } from '../drill.ts';
import { select } from '../observe.ts';
import type { Member } from '../world/member.ts';
import { acknowledged } from './power.ts';
import { Probe, require, secondsUntil } from './until.ts';

/** How PostgreSQL can be cut off, each with what it is called in the report. */
const cuts: Record<string, (member: Member, context: DrillContext) => Promise<unknown>> = {
  'SIGKILL to a session': async ({ pid }, { random }) => {
    const children = childrenOf(pid!);
    if (children.length > 0) process.kill(random.pick(children), 'SIGKILL');
  },
  'SIGKILL to the server': (member) => member.kill(),
  'immediate shutdown': (member) => member.signal('SIGQUIT'),
  'fast shutdown': (member) => member.signal('SIGINT'),
  'all sessions terminated': (_member, { world }) =>
    select(
      world.addresses().payments,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename in ('orders', 'payments', 'notifications')`,
    ),
};

export const cutPostgres = drill({
  name: 'cut-postgres',
  faults: 'F3',
  says: `PostgreSQL is cut off from its services: ${Object.keys(cuts).join(', ')}`,
  round: 'one cut',
  roundsDefault: 5,
  mustObserve: ['calls that failed for a moment'],
  async run(context) {
    const { rounds, random, world, injected, load, observed } = context;
    const probe = new Probe(context);
    const failures = () => (load.statuses.get(503) ?? 0) + (load.statuses.get(504) ?? 0);
    for (let round = 0; round < rounds; round += 1) {
      await sleep(random.between(200, 1_000));
      const [name, cut] = random.pick(Object.entries(cuts));
      const before = failures();
      await cut(world.one('postgres'), context).catch(() => {});
      injected(name);
      await sleep(50);
      const buys = async () => (await probe.buys(2_000)) !== undefined;
      await require(context, 'orders are accepted again after', buys, 10);
      observed('calls that failed for a moment', failures() - before);
    }
    probe.close();
  },
});

export const breakBroker = drill({
  name: 'break-broker',
  faults: 'F6',
  says: 'the broker is killed or stopped, and comes back at once or up to 60 s later',
  round: 'one outage',
  roundsDefault: 3,
  mustObserve: ['unknown publishes', 'orders accepted while it was down'],
  async run(context) {
    const { rounds, random, world, injected, observed, load, say } = context;
    const probe = new Probe(context);
    const nats = world.one('nats');
    for (let round = 1; round <= rounds; round += 1) {
      await sleep(random.between(500, 2_000));
      const signal = random.pick(['SIGKILL', 'SIGTERM'] as const);
      const downSeconds = random.chance(0.5) ? 0 : random.between(1, 60);
      say(`round ${round}: ${signal}, ${downSeconds} s down`);
      nats.hold();
      const before = load.ordersCreated;
      await nats.signal(signal);
      injected(`outages by ${signal}`);
      await sleep(downSeconds * 1_000);
      observed('orders accepted while it was down', load.ordersCreated - before);
      nats.release();
      await nats.up();
      await require(context, 'payments go on after', () => probe.pays(5), 10);
    }
    probe.close();
  },
});

const waitingSince = (time: string) =>
  `select count(*) from orders
   where state in ('PENDING', 'CANCELLING') and create_time < '${time}'`;

/** What the broker knows as soon as it answers. */
async function acknowledgedAgain({ world }: DrillContext): Promise<number> {
  let count = 0;
  await secondsUntil(async () => {
    count = await acknowledged(world);
    return true;
  }, 10);
  return count;
}

export const wipeBroker = drill({
  name: 'wipe-broker',
  faults: 'F8',
  says:
    'the broker loses its storage, or gets an old copy of it back, ' +
    'with requests and results in it',
  round: 'one loss',
  roundsDefault: 4,
  mustObserve: ['requests sent again', 'messages that the broker forgot'],
  async run(context) {
    const { rounds, world, injected, observed, load, say, fault } = context;
    const nats = world.one('nats');
    const store = join(world.natsFolder, 'jetstream');
    const copy = join(world.folder, 'jetstream-copy');
    for (let round = 1; round <= rounds; round += 1) {
      // Requests and results in turn, and of each first nothing comes back, then an old copy.
      const loses = round % 4 === 1 || round % 4 === 2 ? 'requests' : 'results';
      const isRestored = round % 2 === 0;
      const victims = world.all(loses === 'requests' ? 'payments' : 'orders');
      // Frozen, so that requests, or results, are in the broker and nowhere else.
      if (loses === 'requests') for (const member of victims) member.freeze();
      else await Promise.all(victims.map(({ name }) => world.arm(name, 'consumer.received=hang')));
      await load.createOrders(60);
      await sleep(1_500);
      const before = await acknowledged(world);
      nats.hold();
      nats.freeze();
      const older = `${copy}-${round}`;
      // Right after a loss there may be none yet.
      mkdirSync(store, { recursive: true });
      cpSync(store, older, { recursive: true });
      rmSync(store, { recursive: true, force: true });
      if (isRestored) cpSync(copy, store, { recursive: true });
      injected(isRestored ? 'old copies restored' : 'storages wiped');
      // What is there now is the old copy of a later round.
      rmSync(copy, { recursive: true, force: true });
      renameSync(older, copy);
      await nats.kill();
      const { orders } = world.addresses();
      const [now] = await select<{ now: string }>(orders, 'select now()::text as now');
      nats.release();
      const after = await acknowledgedAgain(context);
      observed('messages that the broker forgot', Math.max(0, before - after));
      if (isRestored) observed('messages that an old copy brought back', after);
      if (isRestored && after === 0) fault(`round ${round}: nothing came back with the old copy`);
      await Promise.all(victims.map((member) => member.kill()));
      const none = async () => {
        const [row] = await select<{ count: string }>(orders, waitingSince(now!.now));
        return row!.count === '0';
      };
      const seconds = await secondsUntil(none, 90);
      say(`round ${round}: all final after ${seconds?.toFixed(1)} s`);
      if (seconds === undefined || seconds > 60) fault(`round ${round}: ${seconds ?? '> 90'} s`);
      if (seconds !== undefined) context.measured('all orders final after', seconds, 's');
    }
  },
});
