import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { type OutboxFixture, openOutbox } from './outbox-fixture.ts';
import type { Cursor, OutboxRow, RelayStore } from './relay-ports.ts';
import { relayStore } from './relay-store.ts';

const test = suite('relay store');

let outbox: OutboxFixture;
let store: RelayStore;
test.before(async () => {
  outbox = await openOutbox();
  store = relayStore(outbox.database);
});
test.after.each(() => outbox.reset());
test.after(() => outbox.close());

const leaseMs = 60_000;

async function take(holder: string) {
  const grant = await store.acquire(holder, leaseMs);
  if (grant === undefined) throw new Error('the lease is taken');
  return { key: { holder, term: grant.term }, cursor: grant.cursor };
}

/** Reads page after page until nothing is left. */
async function readAll(start: Cursor, limit: number): Promise<OutboxRow[]> {
  const rows: OutboxRow[] = [];
  let cursor = start;
  for (;;) {
    const page = await store.read(cursor, limit);
    if (page.rows.length === 0) return rows;
    assert.ok(page.rows.length <= limit);
    rows.push(...page.rows);
    cursor = page.rows.at(-1)?.after ?? cursor;
  }
}

test('a lease is refused while another holds it, and given when it is released', async () => {
  const { key } = await take('ann');
  assert.is(await store.acquire('bob', leaseMs), undefined);
  await store.release(key);
  const next = await take('bob');
  assert.ok(next.key.term > key.term);
});

test('a lease that ran out is given to the next who asks', async () => {
  await store.acquire('ann', 0);
  assert.is((await take('bob')).key.holder, 'bob');
});

test('a lease that its holder does not know of is given to it anew, not to others', async () => {
  const ghost = await take('ann');
  assert.ok(await store.renew(ghost.key, leaseMs), 'as a server does that stood still');
  assert.is(await store.acquire('bob', leaseMs), undefined);
  const { key } = await take('ann');
  assert.ok(key.term > ghost.key.term);
  assert.is(await store.renew(ghost.key, leaseMs), false);
  assert.ok(await store.renew(key, leaseMs));
});

test('with another term nothing is renewed, advanced, buried or released', async () => {
  const { key, cursor } = await take('ann');
  await outbox.write(1);
  const [row] = (await store.read(cursor, 10)).rows as [OutboxRow];
  const stale = { ...key, term: key.term - 1n };
  const death = { cause: new Error('too large'), attempts: 3 };
  assert.is(await store.renew(stale, leaseMs), false);
  assert.is(await store.advance(stale, row.after, leaseMs), false);
  assert.is(await store.bury(stale, row, death, leaseMs), false);
  await store.release(stale);
  assert.equal(await outbox.sql('select * from dead_letters'), []);
  assert.is((await store.read(cursor, 10)).rows.length, 1);
  assert.is(await store.renew(key, leaseMs), true);
});

test('a row comes with all that its message needs', async () => {
  const { cursor } = await take('ann');
  const [id = ''] = await outbox.write(1, undefined, Buffer.from([0, 255]));
  await outbox.sql(`update outbox set traceparent = '00-ab-cd-01', publication = 2`);
  const { rows, lagMs } = await store.read(cursor, 10);
  const { tx: _, seq, after: __, createTime, ...row } = rows[0] as OutboxRow;
  assert.equal(
    { ...row, payload: [...row.payload] },
    {
      eventId: id,
      type: 'purser.test.v1.Happened',
      subject: row.subject,
      about: `orders/${id}`,
      payload: [0, 255],
      traceparent: '00-ab-cd-01',
      publication: 2,
    },
  );
  assert.is(seq, 1n);
  assert.ok(createTime instanceof Date);
  assert.ok(lagMs > 0 && lagMs < 10_000);
});

for (const limit of [1, 2, 3, 6, 7]) {
  test(`pages of ${limit} hold every row once, in order`, async () => {
    const { cursor } = await take('ann');
    const ids = await outbox.write(3);
    ids.push(...(await outbox.write(1)), ...(await outbox.write(2)));
    const rows = await readAll(cursor, limit);
    assert.equal(
      rows.map(({ eventId }) => eventId),
      ids,
    );
  });
}

test('rows that become visible between two pages are read with the next snapshot', async () => {
  const { cursor } = await take('ann');
  const early = await outbox.session();
  await early.query('begin');
  const late = await outbox.write(2, early);
  const shown = await outbox.write(4);
  const first = await store.read(cursor, 2);
  await early.query('commit');
  const after = await outbox.write(1);
  const rest = await readAll(first.rows[1]?.after as Cursor, 2);
  const ids = [...first.rows, ...rest].map(({ eventId }) => eventId);
  assert.equal(ids, [...shown, ...late, ...after]);
});

test('a transaction that stays open through many pages is read when it ends', async () => {
  const { cursor } = await take('ann');
  const slow = await outbox.session();
  await slow.query('begin');
  const ids = await outbox.write(2, slow);
  const shown = await outbox.write(3);
  const before = await readAll(cursor, 10);
  assert.equal(
    before.map(({ eventId }) => eventId),
    shown,
  );
  const more = await outbox.write(3);
  const meanwhile = await readAll(before.at(-1)?.after as Cursor, 10);
  assert.equal(
    meanwhile.map(({ eventId }) => eventId),
    more,
  );
  await slow.query('commit');
  const last = await readAll(meanwhile.at(-1)?.after as Cursor, 1);
  assert.equal(
    last.map(({ eventId }) => eventId),
    ids,
  );
});

test('the cursor of one holder is where the next one begins', async () => {
  const { key, cursor } = await take('ann');
  const ids = await outbox.write(5);
  const { rows } = await store.read(cursor, 2);
  await store.advance(key, rows[0]?.after as Cursor, leaseMs);
  await store.release(key);
  const next = await take('bob');
  const rest = await readAll(next.cursor, 2);
  assert.equal(
    rest.map(({ eventId }) => eventId),
    ids.slice(1),
  );
});

test('rows of a target that were deleted do not stop the reader', async () => {
  const { cursor } = await take('ann');
  await outbox.write(4);
  const { rows } = await store.read(cursor, 2);
  await outbox.sql('delete from outbox');
  const ids = await outbox.write(1);
  const rest = await readAll(rows[1]?.after as Cursor, 2);
  assert.equal(
    rest.map(({ eventId }) => eventId),
    ids,
  );
});

test('an outbox from a server with older transaction ids is refused with what to do', async () => {
  await outbox.sql(`update outbox_relay set seen = '9000000000:9000000000:'`);
  const message = await store.acquire('ann', leaseMs).then(String, (error: Error) => error.message);
  assert.match(message, /restored into a server with younger transaction ids/);
});

test.run();
