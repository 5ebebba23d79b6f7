import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Happening } from '../domain/happening.ts';

/**
 * Locks nothing: run it after the users' heads are locked, so that it sees what their last holder
 * wrote. Uses the three primary keys.
 */
const selectToldStatement: Statement = {
  name: 'select_told',
  text: `
    select 'event' as kind, event_id::text as key, 0::bigint as version
    from inbox where event_id = any($1::uuid[])
    union all
    select 'order', order_id::text, version from orders where order_id = any($2::uuid[])
    union all
    select 'account', user_id, ledger_version from accounts where user_id = any($3::text[])`,
};

/**
 * Which of the events were taken before, and the versions that were told of what they are about.
 */
export async function selectTold(
  tx: Tx,
  seen: readonly Happening[],
): Promise<{
  events: Set<string>;
  orders: Map<string, bigint>;
  accounts: Map<string, bigint>;
}> {
  const rows = await tx.query<{ kind: string; key: string; version: bigint }>(selectToldStatement, [
    seen.map(({ eventId }) => eventId),
    seen.flatMap((one) => (one.kind === 'order' ? one.orderId : [])),
    seen.flatMap((one) => (one.kind === 'account' ? one.userId : [])),
  ]);
  const of = (kind: string) =>
    new Map(rows.filter((row) => row.kind === kind).map(({ key, version }) => [key, version]));
  return { events: new Set(of('event').keys()), orders: of('order'), accounts: of('account') };
}
