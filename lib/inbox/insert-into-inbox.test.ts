import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type OutboxFixture, openOutbox } from '#lib/outbox/outbox-fixture.ts';
import { suite } from '#test/harness/suite.ts';
import { insertIntoInbox } from './insert-into-inbox.ts';

const test = suite('inbox');

let fixture: OutboxFixture;
test.before(async () => {
  fixture = await openOutbox();
});
test.after(() => fixture.close());

function uuids(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}

const receipts = (ids: string[]) => ids.map((eventId) => ({ eventId }));
const insert = (ids: string[]) =>
  fixture.database.transaction((tx) => insertIntoInbox(tx, receipts(ids)));

test('only ids that were not there before are new, a repeat in one batch once', async () => {
  const [one = '', two = '', three = ''] = uuids(3);
  assert.equal(await insert([one, two, one]), new Set([one, two].sort()));
  assert.equal(await insert([two, three]), new Set([three]));
  assert.equal(await insert([]), new Set());
});

test('ids of a transaction that rolls back are new again', async () => {
  const ids = uuids(2);
  const failing = fixture.database.transaction(async (tx) => {
    await insertIntoInbox(tx, receipts(ids));
    throw new Error('no effect');
  });
  await failing.catch(() => {});
  assert.is((await insert(ids)).size, 2);
});

for (const { end, fresh } of [
  { end: 'commit', fresh: 0 },
  { end: 'rollback', fresh: 1 },
]) {
  test(`the second of two waits, and gets ${fresh} after the first's ${end}`, async () => {
    const ids = uuids(1);
    const session = await fixture.session();
    await session.query('begin');
    await session.query('insert into inbox (event_id) values ($1) on conflict do nothing', ids);
    let settled = false;
    const second = insert(ids).finally(() => (settled = true));
    await sleep(100);
    assert.not(settled);
    await session.query(end);
    assert.is((await second).size, fresh);
  });
}

test('each id is new for exactly one of nine overlapping batches, without a deadlock', async () => {
  const ids = uuids(4_000);
  const shuffled = () => ids.toSorted(() => Math.random() - 0.5);
  // Not in `transaction`, which would run the loser of a deadlock again.
  const single = (batch: string[]) =>
    fixture.database.single((tx) => insertIntoInbox(tx, receipts(batch)));
  const batches = Array.from({ length: 8 }, () => single(shuffled().slice(0, 3_000)));
  batches.push(single(shuffled()));
  const results = await Promise.all(batches);
  const taken = results.flatMap((set) => [...set]);
  assert.is(taken.length, 4_000);
  assert.equal(taken.sort(), ids.sort());
});

test('where the broker keeps a message is kept with its receipt', async () => {
  const [eventId = ''] = uuids(1);
  const streamed = { sequence: 7n, time: new Date('2026-01-02T03:04:05.678Z') };
  await fixture.database.transaction((tx) => insertIntoInbox(tx, [{ eventId, streamed }]));
  const select = {
    name: 'receipt',
    text: 'select stream_sequence, stream_time from inbox where event_id = $1',
  };
  const rows = await fixture.database.single((tx) => tx.query(select, [eventId]));
  assert.equal(rows, [{ stream_sequence: 7n, stream_time: streamed.time }]);
});

test.run();
