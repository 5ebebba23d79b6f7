import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { type OutboxEvent, outboxColumns } from './event.ts';

/** Locks the new rows only. */
const insertEventsStatement: Statement = {
  name: 'outbox-insert-events',
  text: `
    insert into outbox (event_id, type, subject, about, payload, traceparent)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])`,
};

/** Events that no other statement of the transaction writes with their change. */
export async function insertEvents(tx: Tx, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length > 0) await tx.query(insertEventsStatement, outboxColumns(events));
}
