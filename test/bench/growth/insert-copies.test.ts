import pg from 'pg';
import * as assert from 'uvu/assert';
import { createTestDatabase } from '#test/harness/database.ts';
import { suite } from '#test/harness/suite.ts';
import { sourceOf } from './fill.ts';
import { prepareInserts } from './insert-copies.ts';
import type { Sample } from './sample.ts';

const test = suite('copies of the rows of one order');

const { url, drop } = await createTestDatabase('insert_copies', async (address) => {
  const admin = new pg.Client({ connectionString: address });
  await admin.connect();
  await admin.query(`
    create table entries (
      seq bigint generated always as identity,
      order_id uuid primary key, user_id text, about text, event_id uuid, account_id uuid,
      balance_minor bigint, positive boolean generated always as (balance_minor > 0) stored,
      note text, reason text, payload bytea, tx xid8,
      create_time timestamptz(3), update_time timestamptz
    )`);
  await admin.end();
});
const client = new pg.Client({ connectionString: url });
await client.connect();

test.after(async () => {
  await client.end();
  await drop();
});

const uuid = (digit: number) => `00000000-0000-7000-8000-00000000000${digit}`;
const sample: Sample = {
  orderId: uuid(1),
  userId: 'sample',
  accountId: uuid(2),
  amountMinor: 10,
  createTime: '2026-03-04 05:06:07.089+00',
  eventIds: [uuid(8), uuid(3)],
  changes: 3,
};

test('differ in ids, users, times and what is said, and in nothing else', async () => {
  await client.query(
    `insert into entries values (default, $1::uuid, 'sample', 'orders/' || $1::text, $2, $3, 500,
      default, 'Ann''s', null, '\\x00ff', '9', $4, $4::timestamptz + interval '1.5 s')`,
    [sample.orderId, sample.eventIds[1], sample.accountId, sample.createTime],
  );
  for (const text of sourceOf({ orders: 12, users: 4 }, 700n)) await client.query(text);
  const inserts = await prepareInserts(
    client,
    {
      table: 'entries',
      rows: `order_id = '${sample.orderId}'`,
      per: 'order',
      change: { balance_minor: (value) => `${value} - old.place * 10`, tx: () => 'old.tx' },
    },
    sample,
  );
  assert.is(inserts.length, 1);
  await client.query(inserts[0]!.text, [0, 12]);
  const { rows } = await client.query<Record<string, unknown>>(`
    select *, update_time - create_time = interval '1.5 s' as in_time,
      encode(payload, 'hex') as bytes,
      extract(epoch from create_time - lag(create_time) over (order by create_time)) as gap
    from entries where user_id <> 'sample' order by create_time`);
  assert.equal(
    rows.map((row) => [row['user_id'], Number(row['balance_minor'])]),
    [500, 490, 480].flatMap((balance) => [0, 1, 2, 3].map((user) => [`old-${user}`, balance])),
  );
  for (const name of ['order_id', 'event_id', 'seq']) {
    assert.is(new Set(rows.map((row) => row[name])).size, 12, name);
  }
  assert.is(new Set(rows.map((row) => row['account_id'])).size, 4);
  const day = 86_400;
  assert.ok(rows.slice(1).every((row) => Math.abs(Number(row['gap']) - (365 * day) / 12) < 1));
  for (const row of rows) {
    assert.is(row['about'], `orders/${row['order_id']}`);
    assert.equal([row['note'], row['reason'], row['bytes']], ["Ann's", null, '00ff']);
    assert.equal([row['in_time'], row['positive'], row['tx']], [true, true, '700']);
  }
});

test('need something that the order has left', async () => {
  const copy = { table: 'entries', rows: 'false', per: 'order' } as const;
  const error = await prepareInserts(client, copy, sample).catch((reason: unknown) => reason);
  assert.match(String(error), 'has left nothing in entries');
});

test.run();
