import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Happening } from '../domain/happening.ts';
import { type Position, start } from '../domain/position.ts';

/**
 * Locks nothing: run it after the users' heads are locked, so that it sees what their last holder
 * wrote. Uses the four primary keys.
 */
const selectToldStatement: Statement = {
  name: 'select_told',
  text: `
    select 'head' as kind, user_id as key, number, event_id::text as "eventId"
    from heads where user_id = any($1::text[])
    union all
    select 'event', event_id::text, 0, null from inbox where event_id = any($2::uuid[])
    union all
    select 'order', order_id::text, version, null from orders where order_id = any($3::uuid[])
    union all
    select 'account', user_id, ledger_version, null from accounts where user_id = any($4::text[])`,
};

interface ToldRow {
  kind: 'head' | 'event' | 'order' | 'account';
  key: string;
  number: bigint;
  eventId: string | null;
}

/**
 * Each user's last change, which of the events were taken before, and the versions that were told
 * of what they are about.
 */
export async function selectTold(
  tx: Tx,
  userIds: readonly string[],
  seen: readonly Happening[],
): Promise<{
  heads: Map<string, Position>;
  events: Set<string>;
  orders: Map<string, bigint>;
  accounts: Map<string, bigint>;
}> {
  const rows = await tx.query<ToldRow>(selectToldStatement, [
    userIds,
    seen.map(({ eventId }) => eventId),
    seen.flatMap((one) => (one.kind === 'order' ? one.orderId : [])),
    seen.flatMap((one) => (one.kind === 'account' ? one.userId : [])),
  ]);
  const heads = new Map<string, Position>();
  const numbers = { event: new Map(), order: new Map(), account: new Map() };
  for (const { kind, key, number, eventId } of rows) {
    if (kind === 'head') heads.set(key, eventId === null ? start : { number, eventId });
    else numbers[kind].set(key, number);
  }
  const { event, order, account } = numbers;
  return { heads, events: new Set(event.keys()), orders: order, accounts: account };
}
