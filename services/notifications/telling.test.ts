import * as assert from 'uvu/assert';
import { LiveMessage_Kind } from '#gen/purser/notifications/v1/live.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import {
  accountEvent,
  grpcStream,
  newOrder,
  newUser,
  openLive,
  orderEvent,
} from './live-fixture.ts';

const test = suite('telling users');

const live = await openLive();
const instances = [await live.start(), await live.start(), await live.start()];
const [one] = instances;

test.after(() => live.close());

interface Line {
  number: bigint;
  event_id: string;
}

function log(userId: string): Promise<Line[]> {
  return live.database.sql<Line>(
    'select number, event_id from changes where user_id = $1 order by number',
    [userId],
  );
}

const has = (count: number) => (lines: Line[]) => lines.length === count;

async function publishAll(events: OutboxEvent[]): Promise<void> {
  for (const event of events) await live.publish(event);
}

test('an event that comes again, on whichever instance, is told once', async () => {
  const userId = newUser();
  const order = newOrder();
  const event = orderEvent(userId, order, 'PENDING', 1);
  await Promise.all(Array.from({ length: 12 }, () => live.publish(event)));
  await live.publish(orderEvent(userId, order, 'PAID', 2));
  const lines = await eventually(() => log(userId), has(2));
  assert.is(lines[0]!.event_id, event.eventId);
  const notices = await live.database.sql('select from notifications where user_id = $1', [userId]);
  assert.is(notices.length, 1);
});

test('events out of order are told in order, and none is skipped', async () => {
  const userId = newUser();
  const order = newOrder();
  const stream = grpcStream(one!, userId);
  await stream.at(0);
  const events = (['PENDING', 'PAID', 'ASSEMBLED', 'SHIPPED', 'DELIVERED'] as const).map(
    (state, index) => orderEvent(userId, order, state, index + 1),
  );
  await publishAll(events.toReversed());
  await stream.at(5);
  const told = stream.messages.slice(1);
  assert.equal(
    told.map(({ number, orders }) => [Number(number), Number(orders[0]?.version)]),
    [1, 2, 3, 4, 5].map((number) => [number, number]),
  );
  assert.equal(
    (await log(userId)).map(({ event_id }) => event_id),
    events.map(({ eventId }) => eventId),
  );
  stream.cancel();
});

/** Reads of the log by all instances, which share this process and its metrics. */
async function logReads(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${one!.internalPort}/metrics`)).text();
  return Number(/^purser_live_log_reads_total (\d+)$/m.exec(text)?.[1]);
}

test('streams on all instances get what was added without a read of the log', async () => {
  const userId = newUser();
  const streams = instances.map((instance) => grpcStream(instance, userId));
  await Promise.all(streams.map((stream) => stream.at(0)));
  const before = await logReads();
  for (let index = 1; index <= 5; index += 1) {
    await live.publish(orderEvent(userId, newOrder(), 'PENDING', 1));
    for (const stream of streams) assert.is((await stream.at(index)).number, BigInt(index));
  }
  assert.is(await logReads(), before);
  // A line that no signal told of: whoever hears of the next one has to read.
  const [line] = await live.database.sql<{ content: Buffer }>('select content from changes');
  await live.database.sql(
    `with line as (insert into changes values ($1, 6, $2, $3, now()))
     update heads set number = 6, event_id = $2 where user_id = $1`,
    [userId, newOrder().slice(7), line!.content],
  );
  await live.publish(orderEvent(userId, newOrder(), 'PENDING', 1));
  for (const stream of streams) {
    await stream.at(7);
    assert.equal(
      stream.messages.slice(1).map(({ number }) => Number(number)),
      [1, 2, 3, 4, 5, 6, 7],
    );
    stream.cancel();
  }
  assert.ok((await logReads()) > before);
});

test('a gap waits for what belongs there, and nobody else waits with it', async () => {
  const [userId, another] = [newUser(), newUser()];
  const [order, theirs] = [newOrder(), newOrder()];
  const [first, second] = [
    orderEvent(userId, order, 'PENDING', 1),
    orderEvent(userId, order, 'PAID', 2),
  ];
  await live.publish(second);
  await live.publish(orderEvent(another, theirs, 'PENDING', 1));
  await eventually(() => log(another), has(1));
  assert.equal(await log(userId), []);
  await live.publish(first);
  const lines = await eventually(() => log(userId), has(2));
  assert.equal(
    lines.map(({ event_id }) => event_id),
    [first.eventId, second.eventId],
  );
});

test('a gap that is never filled is told in the end', async () => {
  const userId = newUser();
  await live.publish(orderEvent(userId, newOrder(), 'SHIPPED', 4));
  await eventually(() => log(userId), has(1), 25_000);
});

test('what another instance writes is signalled, and needs no poll', async () => {
  const quiet = await live.start({ times: { pollMs: 3_600_000 } });
  const userId = newUser();
  const stream = grpcStream(quiet, userId);
  await stream.at(0);
  for (let number = 1; number <= 12; number += 1) {
    await live.publish(orderEvent(userId, newOrder(), 'PENDING', 1));
    assert.is(Number((await stream.at(number)).number), number);
  }
  stream.cancel();
  await quiet.stop();
});

test('a balance never goes back', async () => {
  const userId = newUser();
  await live.publish(accountEvent(userId, 50, 2));
  await eventually(() => log(userId), has(1));
  await publishAll([accountEvent(userId, 20, 1), accountEvent(userId, 80, 3)]);
  await eventually(() => log(userId), has(2));
  const stream = grpcStream(one!, userId);
  const { account } = await stream.at(0);
  assert.equal([account?.balance?.amountMinor, account?.ledgerVersion], [80n, 3n]);
  stream.cancel();
});

test('numbers have no gap when three instances write the log of one user', async () => {
  const userId = newUser();
  const stream = grpcStream(one!, userId);
  await stream.at(0);
  const orders = Array.from({ length: 100 }, newOrder);
  await Promise.all(
    orders.flatMap((order) => [
      live.publish(orderEvent(userId, order, 'PENDING', 1)),
      live.publish(orderEvent(userId, order, 'PAID', 2)),
    ]),
  );
  await stream.at(200);
  assert.equal(
    stream.messages.map(({ number }) => Number(number)),
    Array.from({ length: 201 }, (_, index) => index),
  );
  stream.cancel();
});

test('a snapshot has every unfinished order and the 20 newest of the others', async () => {
  const userId = newUser();
  const finished = Array.from({ length: 30 }, newOrder);
  const open = Array.from({ length: 30 }, newOrder);
  await publishAll([
    ...finished.flatMap((order) => [
      orderEvent(userId, order, 'PENDING', 1),
      orderEvent(userId, order, 'FAILED', 2),
    ]),
    ...open.map((order) => orderEvent(userId, order, 'PENDING', 1)),
  ]);
  await eventually(() => log(userId), has(90));
  const stream = grpcStream(one!, userId);
  const { kind, orders, number } = await stream.at(0);
  assert.equal([kind, number], [LiveMessage_Kind.SNAPSHOT, 90n]);
  assert.equal(
    orders.map(({ name }) => name),
    [...finished.toSorted().slice(10), ...open].toSorted().toReversed(),
  );
  stream.cancel();
});

test.run();
