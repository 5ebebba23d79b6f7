import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * Text of the insert for use in a larger statement, `with fresh as (${inboxInsert('$1')}) ...`; it
 * returns the new event ids. `parameter` is an expression of type uuid[].
 *
 * Locks: inserts in the order of the ids, so that overlapping batches wait instead of deadlocking.
 * A transaction that meets an id which another one has not yet committed waits for it: if that one
 * rolls back, the id counts as new here. A plain insert would abort the transaction instead (23505,
 * then 25P02 for every later statement).
 */
export function inboxInsert(parameter: string): string {
  return `insert into inbox (event_id)
    select id from unnest(${parameter}::uuid[]) as id order by id
    on conflict do nothing
    returning event_id`;
}

const statement: Statement = { name: 'insert-into-inbox', text: inboxInsert('$1') };

/**
 * Records the events in the effect's own transaction, and returns the ids that were not there
 * before.
 */
export async function insertIntoInbox(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ event_id: string }>(statement, [eventIds]);
  return new Set(rows.map((row) => row.event_id));
}
