import { setTimeout as sleep } from 'node:timers/promises';
import { isPublished } from '#lib/outbox/is-published.ts';
import { fundedUser, usd } from '#test/harness/started-system.ts';
import type { BenchSystem } from '../bench-system.ts';

/** One order that went through the whole system, and what is known of it. */
export interface Sample {
  orderId: string;
  userId: string;
  accountId: string;
  amountMinor: number;
  /** When it was created; other times in its rows are counted from then. */
  createTime: string;
  /** Of all its messages. */
  eventIds: readonly string[];
  /** Changes that its user was told because of it. */
  changes: number;
}

/** Ten million USD: enough for all orders of a user. */
const openingBalanceMinor = 1_000_000_000;
const amountMinor = 1_250;

/** Orders, and waits until the order is paid, published and told everywhere. */
export async function makeSample(system: BenchSystem): Promise<Sample> {
  const { userId, call } = await fundedUser(system.url, openingBalanceMinor);
  const body = { amount: usd(amountMinor), description: 'Two coffees' };
  const reply = await call('POST', '/v1/orders', { body, key: 'sample' });
  if (reply.status !== 201) throw new Error(`The sample was refused: ${JSON.stringify(reply)}`);
  const orderId = String(reply.body.name).replace('orders/', '');
  await system.drain();
  const eventIds = [
    ...(await publishedIds(system, 'orders', orderId)),
    ...(await publishedIds(system, 'payments', orderId)),
  ];
  const told = await rowsWhen(
    () => system.sql('notifications', `select from changes where event_id = any('{${eventIds}}')`),
    // Two states of the order, and the balance.
    (rows) => rows.length === 3,
  );
  const [account] = await system.sql<{ id: string }>(
    'payments',
    `select id from accounts where user_id = '${userId}'`,
  );
  const [order] = await system.sql<{ time: string }>(
    'orders',
    `select create_time::text as time from orders where id = '${orderId}'`,
  );
  return {
    orderId,
    userId,
    accountId: account!.id,
    amountMinor,
    createTime: order!.time,
    eventIds,
    changes: told.length,
  };
}

/** The ids of the order's messages in an outbox, when all of them are published. */
async function publishedIds(
  system: BenchSystem,
  database: string,
  orderId: string,
): Promise<string[]> {
  const text = `
    select o.event_id as id, ${isPublished} as published from outbox o, outbox_relay r
    where o.about = 'orders/${orderId}' order by o.tx, o.seq`;
  const rows = await rowsWhen(
    () => system.sql<{ id: string; published: boolean }>(database, text),
    (found) => found.length > 0 && found.every(({ published }) => published),
  );
  return rows.map(({ id }) => id);
}

async function rowsWhen<Row>(
  read: () => Promise<Row[]>,
  complete: (rows: Row[]) => boolean,
): Promise<Row[]> {
  for (let tries = 0; tries < 300; tries += 1) {
    const rows = await read();
    if (complete(rows)) return rows;
    await sleep(100);
  }
  throw new Error('The sample has not come through the system in 30 s.');
}
