import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import { isPublished } from '#lib/outbox/is-published.ts';
import { DeadLetters } from '../../../services/operations/dead-letters/dead-letters.ts';
import { drill, type DrillContext } from '../drill.ts';
import { select } from '../observe.ts';
import type { Random } from '../random.ts';
import { waitUntilFinal } from '../run-drill.ts';
import { require } from './until.ts';

/** Deliberate replays of what the outboxes hold: to the broker and its dedup they are new. */
async function replay(
  { world, random }: DrillContext,
  { count, copies, isShuffled }: { count: number; copies: number; isShuffled: boolean },
): Promise<number> {
  const { orders, payments } = world.addresses();
  let written = 0;
  for (const url of [orders, payments]) {
    const rows = await select<{ seq: string }>(
      url,
      `insert into outbox (event_id, type, subject, about, payload, traceparent, publication)
       select o.event_id, o.type, o.subject, o.about, o.payload, o.traceparent, o.publication + n
       from (
         select * from (
           select distinct on (event_id) * from outbox order by event_id, publication desc
         ) as last
         order by hashtext(event_id::text || '${random.between(0, 1e9)}') limit ${count}
       ) as o cross join generate_series(1, ${copies}) as n
       order by ${isShuffled ? 'random()' : 'o.tx, o.seq, n'}
       returning seq`,
    );
    written += rows.length;
  }
  return written;
}

/** Everything that is in the outboxes now; the clients go on writing meanwhile. */
async function untilPublished(context: DrillContext): Promise<void> {
  const { orders, payments } = context.world.addresses();
  const [mark] = await select<{ now: string }>(orders, 'select now()::text as now');
  const left = `select from outbox o cross join outbox_relay r
    where not ${isPublished} and o.create_time < '${mark!.now}' limit 1`;
  const done = async () =>
    (await select(orders, left)).length + (await select(payments, left)).length === 0;
  await require(context, 'everything is published', done, 120);
}

export const duplicates = drill({
  name: 'duplicates',
  faults: 'F13',
  says: 'every kind of event is published up to five times under transport ids of their own',
  round: '1,000 events',
  roundsDefault: 2,
  mustObserve: ['duplicates dropped'],
  async run(context) {
    const { rounds, injected, load, random } = context;
    await load.createOrders(300);
    for (let round = 0; round < rounds; round += 1) {
      const copies = random.between(1, 4);
      const count = Math.ceil(500 / copies);
      injected('duplicated messages', await replay(context, { count, copies, isShuffled: false }));
      await untilPublished(context);
    }
  },
});

export const reorder = drill({
  name: 'reorder',
  faults: 'F14',
  says:
    'old and new events come again shuffled: requests after their results, ' +
    'results before requests',
  round: '1,000 events',
  roundsDefault: 2,
  mustObserve: ['duplicates dropped'],
  async run(context) {
    const { rounds, injected, load } = context;
    await load.createOrders(300);
    for (let round = 0; round < rounds; round += 1) {
      await load.createOrders(50);
      injected(
        'reordered messages',
        await replay(context, { count: 500, copies: 1, isShuffled: true }),
      );
      await untilPublished(context);
    }
  },
});

/** Payment requests that nobody can ever settle. */
function poison(random: Random): { payload: Uint8Array; about: string; userId: string } {
  const order = `orders/${randomUUID()}`;
  const userId = `poisoner-${random.between(1, 9)}`;
  const message = (more: Partial<PaymentRequested>) =>
    PaymentRequested.encode({
      order,
      userId,
      amount: { currencyCode: 'USD', amountMinor: 1n },
      requestTime: new Date(),
      ...more,
    }).finish();
  const money = (amountMinor: bigint, currencyCode = 'USD') => ({
    amount: { currencyCode, amountMinor },
  });
  const payload = random.pick([
    () => new Uint8Array(),
    () => Uint8Array.of(0xff, ...randomBytes(random.between(1, 200))),
    () => randomBytes(random.chance(0.02) ? 900_000 : 2_000).fill(0xff, 0, 8),
    () => message(money(0n)),
    () => message(money(-5n)),
    () => message(money(9_000_000_000_000_000_000n)),
    () => message(money(1n, 'dollars')),
    () => message({ amount: undefined }),
    () => message({ order: 'orders/none' }),
    () => message({ userId: 'a user\nof two lines' }),
  ])();
  return { payload, about: order, userId };
}

const poisonSql = `
  insert into outbox (event_id, type, subject, about, payload)
  select event_id, 'purser.orders.v1.PaymentRequested', 'purser.v1.orders.payment_requested.0',
    about, payload
  from unnest($1::uuid[], $2::text[], $3::bytea[]) as t (event_id, about, payload)`;

export const poisoned = drill({
  name: 'poison',
  faults: 'F16',
  says:
    'among good payment requests come some that can never be settled: bytes that are no message, ' +
    'amounts of zero, below and beyond, no user, 900 kB',
  round: '100 poisoned among 1,000 good',
  roundsDefault: 1,
  mustObserve: ['dead letters'],
  async run(context) {
    const { rounds, random, world, load, injected, measured, fault, say, observed } = context;
    const addresses = world.addresses();
    const client = new pg.Client({ connectionString: addresses.orders });
    await client.connect();
    const ids = new Set<string>();
    for (let round = 1; round <= rounds; round += 1) {
      for (let part = 0; part < 10; part += 1) {
        const letters = Array.from({ length: 10 }, () => ({ id: randomUUID(), ...poison(random) }));
        for (const { id } of letters) ids.add(id);
        await client.query(poisonSql, [
          letters.map(({ id }) => id),
          letters.map(({ about }) => about),
          letters.map(({ payload }) => Buffer.from(payload)),
        ]);
        await load.createOrders(100);
        injected('poisoned messages', letters.length);
        injected('good orders', 100);
      }
      if (round % 2 === 0) say(`${round} of ${rounds} thousand`);
    }
    await client.end();
    await load.stop();
    await untilPublished(context);
    await waitUntilFinal(world, 60_000);
    const text = `select max(extract(epoch from e.create_time - o.create_time))::float8 as lag
      from orders o join order_events e on e.order_id = o.id and e.version = 2`;
    const [row] = await select<{ lag: number }>(addresses.orders, text);
    measured('longest way of a good order to its end', row!.lag, 's');
    if (row!.lag > 5) fault(`a good order took ${row!.lag.toFixed(1)} s`);
    const dead = new Set(
      (
        await select<{ event_id: string }>(addresses.payments, 'select event_id from dead_letters')
      ).map(({ event_id: id }) => id),
    );
    const [missing, more] = [ids.difference(dead).size, dead.difference(ids).size];
    if (missing + more > 0) fault(`${missing} poisoned are no dead letters, ${more} others are`);
    observed('dead letters kept', dead.size);
    await discardAll(addresses.payments);
  },
});

/** What was injected is given up for good, as an operator would. */
async function discardAll(payments: string): Promise<void> {
  const letters = await DeadLetters.open({ payments });
  for await (const letter of letters.each({}))
    await letters.discard(letter, 'put there by a drill');
  await letters.close();
}

export const twins = drill({
  name: 'twins',
  faults: 'F25',
  says:
    'a frozen instance of Orders or Payments comes back and believes to hold the lease of the ' +
    'relay that another has taken, in the middle of its work',
  round: 'one freeze of 7 s',
  roundsDefault: 4,
  mustObserve: ['lease takeovers'],
  async run({ rounds, random, world, injected, load }) {
    for (let round = 0; round < rounds; round += 1) {
      const kind = round % 2 === 0 ? 'orders' : 'payments';
      const member = random.pick(world.all(kind));
      const point = random.pick(['relay.read', 'relay.published', 'consumer.handled']);
      // Where it stops, its work is half done.
      await world.arm(member.name, `${point}=delay:500*`).catch(() => {});
      await load.createOrders(20);
      member.freeze();
      injected('frozen twins');
      await sleep(7_000);
      await load.createOrders(20);
      member.thaw();
      await sleep(500);
      await world.arm(member.name, `${point}=off`).catch(() => {});
    }
  },
});
