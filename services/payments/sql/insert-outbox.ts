import { type OutboxEvent, outboxColumns } from '#lib/outbox/event.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** Locks nothing but the new rows. Outcome: every event is in the outbox, in the given order. */
const insertOutboxStatement: Statement = {
  name: 'insert_outbox',
  text: `
    insert into outbox (event_id, type, subject, about, payload, traceparent)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])`,
};

/** Where the change itself is written by a statement that has no room for its events. */
export async function insertOutbox(tx: Tx, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query(insertOutboxStatement, outboxColumns(events));
}
