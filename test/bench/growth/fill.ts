import { Client } from 'pg';
import { databaseUrl } from '../administer.ts';
import type { BenchSystem } from '../bench-system.ts';
import { copies, databases, outboxDays } from './copies.ts';
import { type Insert, prepareInserts } from './insert-copies.ts';
import { makeSample } from './sample.ts';

export interface OldOrders {
  orders: number;
  /** Each has as many of them. */
  users: number;
}

/** They are a year's orders, up to some minutes ago. */
const days = 365;
const youngestMs = 600_000;
const dayMs = 86_400_000;

/** Orders whose rows one transaction writes. */
const chunkSize = 1_000_000;

/** Orders that share a transaction, as the natural batches of a busy system do. */
const ordersPerTransaction = 8;

/** Id of a user with old orders, from 0. */
export function oldUser(index: number): string {
  return `old-${index}`;
}

/**
 * Makes a system what a year of orders leaves behind: for every old order the rows that a real one
 * has left, in all databases, with what retention has deleted left out; then the statistics and
 * visibility maps that autovacuum would have made. Everything that the audit checks holds of them.
 * Written as the superuser beside the running services, whose tables are too large to be filled
 * through them.
 */
export async function fill(
  system: BenchSystem,
  wanted: OldOrders,
  print: (line: string) => void,
): Promise<void> {
  const since = keptSince(wanted, outboxDays);
  const firstTx = await takeTransactionIds(system, wanted.orders - since);
  // After that the relays' cursors are past those transactions: they publish the sample.
  const sample = await makeSample(system);
  const source = sourceOf(wanted, firstTx);
  await Promise.all(
    databases.map(async (database) => {
      const client = await connect(system, database);
      try {
        for (const text of [...sessionSettings, ...source]) await client.query(text);
        const inserts: Insert[] = [];
        for (const copy of copies[database](sample)) {
          inserts.push(...(await prepareInserts(client, copy, sample)));
        }
        const finish = await dropIndexes(client, inserts);
        await insertAll(client, inserts, wanted, (line) => print(`${database}: ${line}`));
        await finish();
        print(`${database}: indexes made`);
        if (inserts.some(({ table }) => table === 'outbox')) {
          await client.query(announceExpiry, [since]);
        }
        await client.query('vacuum (analyze)');
      } finally {
        await client.end();
      }
    }),
  );
  const client = await connect(system, 'postgres');
  await client.query('checkpoint');
  await client.end();
}

/** As retention does, so that the audit does not look for messages of older orders. */
const announceExpiry = `
  update outbox_relay set expired_time = moment
  from pg_temp.old_orders($1, $1::bigint + 1)`;

const sessionSettings = [
  'set synchronous_commit = off',
  `set maintenance_work_mem = '512MB'`,
  'set search_path = public, pg_temp',
];

/**
 * `old_orders`: order `n` of all, the user's `place`-th, both from 0. Ids are UUIDs of version 7.
 */
export function sourceOf({ orders, users }: OldOrders, firstTx: bigint): string[] {
  const stepMs = (days * dayMs) / orders;
  const startMs = Date.now() - youngestMs - days * dayMs;
  const opened = `timestamptz '${new Date(startMs - dayMs).toISOString()}'`;
  const since = keptSince({ orders, users }, outboxDays);
  return [
    `create function pg_temp.old_id(ms bigint, kind int, n bigint) returns uuid
    language sql immutable as $$
      select (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
        || '8' || lpad(to_hex(n), 15, '0'))::uuid
    $$`,
    `create function pg_temp.old_orders(first bigint, past bigint)
    returns table (
      n bigint, place bigint, ms bigint, moment timestamptz, opened timestamptz, id uuid,
      user_id text, account_id uuid, tx xid8
    )
    language sql immutable as $$
      select n, n / ${users}, ms, to_timestamp(ms / 1000.0::float8), ${opened},
        pg_temp.old_id(ms, 0, n), 'old-' || n % ${users},
        pg_temp.old_id(${startMs}, 4095, n % ${users}),
        (${firstTx} + greatest(0, n - ${since}) / ${ordersPerTransaction})::text::xid8
      from generate_series(first, past - 1) as n
        cross join lateral (select ${startMs} + floor(n * ${stepMs}::float8)::bigint as ms) as t
    $$`,
  ];
}

/** The number of the first old order that is younger than so many days. */
function keptSince({ orders }: OldOrders, keptDays: number): number {
  return Math.floor(orders * (1 - keptDays / days));
}

async function insertAll(
  client: Client,
  inserts: readonly Insert[],
  wanted: OldOrders,
  print: (line: string) => void,
): Promise<void> {
  const { orders, users } = wanted;
  for (const { text } of inserts.filter(({ per }) => per === 'user')) {
    await client.query(text, [orders - users, orders]);
  }
  for (let from = 0; from < orders; from += chunkSize) {
    const past = Math.min(from + chunkSize, orders);
    for (const { per, keptDays, text } of inserts) {
      const kept = keptDays === undefined ? 0 : keptSince(wanted, keptDays);
      const first = Math.max(from, kept);
      if (per === 'order' && first < past) await client.query(text, [first, past]);
    }
    print(`${past.toLocaleString('en')} old orders`);
  }
}

/** Drops the indexes that are made anew; returns what makes them. */
async function dropIndexes(
  client: Client,
  inserts: readonly Insert[],
): Promise<() => Promise<void>> {
  const again: string[] = [];
  const indexes = new Set(inserts.flatMap(({ rebuilt = [] }) => rebuilt));
  for (const index of indexes) {
    const { rows } = await client.query<{ create: string; primary: boolean; table: string }>(
      `select pg_get_indexdef(indexrelid) as create, indisprimary as primary,
        indrelid::regclass::text as table
      from pg_index where indexrelid = $1::regclass`,
      [index],
    );
    const { create, primary, table } = rows[0]!;
    again.push(create);
    if (primary) again.push(`alter table ${table} add primary key using index ${index}`);
    const drop = `alter table ${table} drop constraint ${index}`;
    await client.query(primary ? drop : `drop index ${index}`);
  }
  return async () => {
    for (const text of again) await client.query(text);
  };
}

/**
 * Uses up the transaction ids that the rows of the outbox are given: the relays believe ids that no
 * transaction has had yet to be unpublished. Returns the first.
 */
async function takeTransactionIds(system: BenchSystem, orders: number): Promise<bigint> {
  const client = await connect(system, 'postgres');
  try {
    await client.query('set synchronous_commit = off');
    const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
    await client.query(`
      do $$ begin
        for n in 0 .. ${Math.ceil(orders / ordersPerTransaction)} loop
          perform pg_current_xact_id();
          commit;
        end loop;
      end $$`);
    return BigInt(rows[0]!.id);
  } finally {
    await client.end();
  }
}

async function connect(system: BenchSystem, database: string): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl(system, database).href });
  await client.connect();
  return client;
}
