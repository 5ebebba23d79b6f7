import type { Streamed } from '#lib/nats/delivery.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** An event that a consumer has received, and where the broker keeps it. */
export interface Receipt {
  eventId: string;
  streamed?: Streamed | undefined;
}

/**
 * Locks: inserts in the order of the ids, so that overlapping batches wait instead of deadlocking.
 * A transaction that meets an id which another one has not yet committed waits for it: if that one
 * rolls back, the id counts as new here. A plain insert would abort the transaction instead (23505,
 * then 25P02 for every later statement).
 */
const statement: Statement = {
  name: 'insert-into-inbox',
  text: `
    insert into inbox (event_id, stream_sequence, stream_time)
    select distinct on (t.event_id) t.*
    from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) as t (event_id, sequence, time)
    order by t.event_id
    on conflict do nothing
    returning event_id`,
};

/**
 * Records the events in the effect's own transaction, and returns the ids that were not there
 * before.
 */
export async function insertIntoInbox(tx: Tx, receipts: readonly Receipt[]): Promise<Set<string>> {
  const rows = await tx.query<{ event_id: string }>(statement, [
    receipts.map(({ eventId }) => eventId),
    receipts.map(({ streamed }) => streamed?.sequence ?? null),
    receipts.map(({ streamed }) => streamed?.time ?? null),
  ]);
  return new Set(rows.map((row) => row.event_id));
}
