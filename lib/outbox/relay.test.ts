import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { systemTiming } from '#lib/batch/timing.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { type OutboxFixture, openOutbox, storedCount, storedIds } from './outbox-fixture.ts';

const test = suite('relay');

let outbox: OutboxFixture;
test.before(async () => {
  outbox = await openOutbox();
});
test.after.each(() => outbox.reset());
test.after(() => outbox.close());

/** Until the stream holds `count` messages; returns how long that took, in milliseconds. */
async function published(count: number, connection: Parameters<typeof storedCount>[0]) {
  const start = performance.now();
  const { domain } = outbox;
  await eventually(
    () => storedCount(connection, domain),
    (stored) => stored >= count,
  );
  return performance.now() - start;
}

async function holding(): Promise<Awaited<ReturnType<OutboxFixture['instance']>>> {
  const instance = await outbox.instance();
  await eventually(async () => instance.relay.holding && instance.broker.isConnected(), Boolean);
  return instance;
}

function sorted(ids: Iterable<string>): string[] {
  return [...ids].sort();
}

test('what is committed is published once, what is rolled back is not', async () => {
  const { relay, broker } = await holding();
  const session = await outbox.session();
  const kept = await outbox.write(3);
  await session.query('begin');
  await outbox.write(2, session);
  await session.query('rollback');
  kept.push(...(await outbox.write(2)));
  relay.wake();
  const connection = await broker.connected();
  await published(5, connection);
  await sleep(50);
  assert.equal(sorted(await storedIds(connection, outbox.domain)), sorted(kept));
});

test('rows that wait since before the relay started are published without a wake', async () => {
  const ids = await outbox.write(2);
  const { broker } = await outbox.instance();
  const connection = await broker.connected();
  await published(2, connection);
  assert.equal(await storedIds(connection, outbox.domain), ids);
});

test('a commit is published milliseconds after a wake', async () => {
  const { relay, broker } = await holding();
  const connection = await broker.connected();
  const arrivals: PromiseWithResolvers<number>[] = [];
  connection.subscribe(`purser.v1.${outbox.domain}.>`, {
    callback: () => arrivals.at(-1)?.resolve(performance.now()),
  });
  const latencies: number[] = [];
  for (let round = 0; round < 21; round += 1) {
    arrivals.push(Promise.withResolvers<number>());
    await outbox.write(1);
    const committed = performance.now();
    relay.wake();
    latencies.push((await (arrivals.at(-1)?.promise ?? 0)) - committed);
    await sleep(2);
  }
  latencies.sort((one, other) => one - other);
  // About 1 ms on an idle machine; polling would take 250 on the average.
  assert.ok((latencies[10] ?? 0) < 150, `median ${latencies[10]} ms`);
});

/**
 * A transaction writes its row first and commits last. A reader that remembers the highest sequence
 * number never sees that row; the relay publishes it, and meanwhile all others.
 */
test('a row numbered early and committed late is published, and holds up no other', async () => {
  const { relay, broker } = await holding();
  const connection = await broker.connected();
  let last = 0n;
  const naive: string[] = [];
  const readNaively = async () => {
    const rows = await outbox.sql<{ seq: string; event_id: string }>(
      'select seq, event_id from outbox where seq > $1 order by seq',
      [last],
    );
    for (const row of rows) {
      naive.push(row.event_id);
      last = BigInt(row.seq);
    }
  };
  const session = await outbox.session();
  await session.query('begin');
  const [late = ''] = await outbox.write(1, session);
  const others = await outbox.write(10);
  relay.wake();
  await published(10, connection);
  assert.equal(sorted(await storedIds(connection, outbox.domain)), sorted(others));
  await readNaively();
  await session.query('commit');
  relay.wake();
  await published(11, connection);
  await readNaively();
  assert.equal(naive, others, 'the naive reader lost the late row');
  assert.is((await storedIds(connection, outbox.domain)).at(-1), late);
});

test('a late row is published by the next holder too', async () => {
  const first = await holding();
  const connection = await first.broker.connected();
  const session = await outbox.session();
  await session.query('begin');
  const [late = ''] = await outbox.write(1, session);
  await outbox.write(3);
  first.relay.wake();
  await published(3, connection);
  await first.relay.stop();
  await session.query('commit');
  await outbox.instance();
  await published(4, connection);
  assert.is((await storedIds(connection, outbox.domain)).at(-1), late);
});

test('a backlog larger than a page is published, with what is committed meanwhile', async () => {
  const session = await outbox.session();
  const big = await outbox.write(1_200, session);
  await session.query('begin');
  const held = await outbox.write(700, session);
  const instance = await outbox.instance();
  const more = await outbox.write(500);
  await session.query('commit');
  instance.relay.wake();
  const connection = await instance.broker.connected();
  await published(2_400, connection);
  const ids = await storedIds(connection, outbox.domain);
  assert.equal(sorted(ids), sorted([...big, ...held, ...more]));
  const open = () =>
    outbox.sql<{ count: number }>(`
    select count(*)::int as count from outbox, outbox_relay
    where not pg_visible_in_snapshot(outbox.tx, outbox_relay.seen)`);
  // The cursor moves once the broker has answered, which is after it has stored.
  await eventually(open, ([row]) => row?.count === 0);
});

test('after a page of many rows the next one gathers', async () => {
  const pages: number[] = [];
  const pauses: number[] = [];
  const instance = await outbox.instance({
    broker: {
      publish: async (rows) => {
        pages.push(rows.length);
        return rows.map(() => ({ kind: 'stored', duplicate: false }));
      },
    },
    timing: {
      ...systemTiming,
      async sleep(ms, signal) {
        if (ms > 25) return systemTiming.sleep(ms, signal);
        pauses.push(ms);
        if (pauses.length === 1) for (const count of [1, 2]) await outbox.write(count);
      },
    },
  });
  await eventually(async () => instance.relay.holding, Boolean);
  await outbox.write(7);
  instance.relay.wake();
  await eventually(
    async () => pages.length,
    (count) => count === 2,
  );
  assert.equal({ pages, pauses }, { pages: [7, 3], pauses: [7] });
});

test('a commit on an instance that does not hold the lease wakes the one that does', async () => {
  const { broker } = await holding();
  const other = await outbox.instance();
  const connection = await broker.connected();
  await other.broker.connected();
  const latencies: number[] = [];
  for (let round = 1; round <= 11; round += 1) {
    await outbox.write(1);
    other.relay.wake();
    latencies.push(await published(round, connection));
  }
  assert.not(other.relay.holding);
  latencies.sort((one, another) => one - another);
  assert.ok((latencies[5] ?? 0) < 150, `median ${latencies[5]} ms`);
});

test('eight writers and two relays lose nothing and store nothing twice', async () => {
  const instances = [await outbox.instance(), await outbox.instance()];
  const written: string[] = [];
  const writer = async () => {
    const session = await outbox.session();
    for (let round = 0; round < 40; round += 1) {
      await session.query('begin');
      const ids = await outbox.write(1 + Math.floor(Math.random() * 5), session);
      if (Math.random() < 0.2) await sleep(Math.random() * 20);
      const keep = Math.random() < 0.9;
      await session.query(keep ? 'commit' : 'rollback');
      if (keep) written.push(...ids);
      instances[round % 2]?.relay.wake();
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
  const connection = await (instances[0] as (typeof instances)[0]).broker.connected();
  await published(written.length, connection);
  await sleep(100);
  assert.equal(sorted(await storedIds(connection, outbox.domain)), sorted(written));
});

test.run();
