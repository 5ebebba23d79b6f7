import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import * as assert from 'uvu/assert';
import { BreakableNats } from '#lib/nats/breakable-nats.ts';
import { streamOf } from '#lib/nats/topology.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { type OutboxFixture, openOutbox, storedCount, storedIds } from './outbox-fixture.ts';

const test = suite('relay and a broken broker');

let outbox: OutboxFixture;
let nats: BreakableNats;
test.before(async () => {
  outbox = await openOutbox();
});
test.after(() => outbox.close());
test.before.each(async () => {
  nats = await BreakableNats.create();
});
test.after.each(async () => {
  await outbox.reset();
  await nats.stop();
});

async function connected() {
  const instance = await outbox.instance({ natsUrl: nats.url });
  return { ...instance, connection: await instance.broker.connected() };
}

async function openRows(): Promise<number> {
  const [row] = await outbox.sql<{ open: number }>(`
    select count(*)::int as open from outbox, outbox_relay
    where not pg_visible_in_snapshot(outbox.tx, outbox_relay.seen)`);
  return row?.open ?? 0;
}

test('events written before the broker first starts are published once it does', async () => {
  const ids = await outbox.write(3);
  const { broker } = await outbox.instance({ natsUrl: nats.url });
  await sleep(500);
  assert.not(broker.isConnected());
  await nats.start();
  const connection = await broker.connected();
  await eventually(
    () => storedCount(connection, outbox.domain),
    (count) => count === 3,
  );
  assert.equal(await storedIds(connection, outbox.domain), ids);
});

test('a broker that is killed twice under load gets every row, none of them twice', async () => {
  await nats.start();
  const { relay, connection } = await connected();
  const ids: string[] = [];
  for (let crash = 0; crash < 2; crash += 1) {
    for (let round = 0; round < 20; round += 1) {
      ids.push(...(await outbox.write(40)));
      relay.wake();
      if (round === 10) await nats.kill();
    }
    await nats.start();
  }
  await eventually(openRows, (count) => count === 0);
  assert.equal((await storedIds(connection, outbox.domain)).sort(), ids.sort());
});

test('a broker that freezes in the middle stores nothing twice after it goes on', async () => {
  await nats.start();
  const { relay, connection } = await connected();
  await outbox.write(1);
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  await nats.freeze();
  const ids = await outbox.write(20);
  relay.wake();
  await sleep(6_000); // longer than the publish time-out: the outcome is unknown
  assert.is(await openRows(), 20);
  nats.thaw();
  await eventually(openRows, (count) => count === 0);
  assert.equal((await storedIds(connection, outbox.domain)).slice(1).sort(), ids.sort());
});

test('a broker that lost its storage gets what is written from then on', async () => {
  await nats.start();
  const { relay, connection } = await connected();
  await outbox.write(2);
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  await nats.killAndWipe();
  await nats.start();
  const ids = await outbox.write(2);
  await eventually(openRows, (count) => count === 0);
  assert.equal(await storedIds(connection, outbox.domain), ids);
});

test('a deleted stream is made again', async () => {
  await nats.start();
  const { relay, connection } = await connected();
  await outbox.write(1);
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  await (await jetstreamManager(connection)).streams.delete(streamOf(outbox.domain).name);
  const ids = await outbox.write(2);
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  assert.equal(await storedIds(connection, outbox.domain), ids);
});

test('a payload too large goes to dead_letters and the rows behind it go out', async () => {
  await nats.start();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line)) });
  const { relay, broker } = await outbox.instance({ natsUrl: nats.url, log });
  const session = await outbox.session();
  await session.query('begin');
  const [before = ''] = await outbox.write(1, session);
  const [large = ''] = await outbox.write(1, session, Buffer.alloc(1024 * 1024));
  const [after = ''] = await outbox.write(1, session);
  await session.query('commit');
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  const connection = await broker.connected();
  assert.equal(await storedIds(connection, outbox.domain), [before, after]);
  const letters = await outbox.sql(`
    select source, event_id, type, deliveries, length(payload) as bytes, cause from dead_letters`);
  assert.equal(
    letters.map(({ cause: _, ...letter }) => letter),
    [
      {
        source: 'outbox',
        event_id: large,
        type: 'purser.test.v1.Happened',
        deliveries: 3,
        bytes: 1024 * 1024,
      },
    ],
  );
  assert.match(String(letters[0]?.['cause']), /max_payload/);
  assert.equal(
    lines.map(({ eventId }) => eventId),
    [large],
  );
});

test('a database that is away for a moment delays the rows and loses none', async () => {
  await nats.start();
  const { relay, connection } = await connected();
  const ids = await outbox.write(5);
  relay.wake();
  await eventually(openRows, (count) => count === 0);
  await outbox.sql(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'test' and datname = current_database()`);
  ids.push(...(await outbox.write(5)));
  await eventually(openRows, (count) => count === 0);
  assert.equal((await storedIds(connection, outbox.domain)).sort(), ids.sort());
});

test.run();
