import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { isPublished } from './is-published.ts';

/** A message in the outbox, and whether it has reached the broker. */
export interface OutboxMessage {
  eventId: string;
  type: string;
  /** Its number in the outbox; numbers grow, with gaps. */
  number: bigint;
  /** Whether the relay's cursor has passed it: the broker has it, or it is a dead letter. */
  published: boolean;
  createTime: Date;
}

/**
 * All messages about one thing, found by some that are known: a change writes its messages in one
 * transaction, so that two primary key scans find those beside the known ones. Locks nothing. Uses
 * the unique index on event_id and the primary key.
 */
const selectMessagesStatement: Statement = {
  name: 'outbox-select-messages',
  text: `
    select o.event_id as "eventId", o.type, o.seq as number, o.create_time as "createTime",
      ${isPublished} as published
    from (select distinct tx from outbox where event_id = any($2::uuid[])) as known
      join outbox o on o.tx = known.tx and o.about = $1
      cross join outbox_relay r
    order by o.tx, o.seq`,
};

/** The messages about `about`, `orders/{order}`, oldest first. */
export async function selectMessages(
  tx: Tx,
  about: string,
  knownEventIds: readonly string[],
): Promise<OutboxMessage[]> {
  return tx.query<OutboxMessage>(selectMessagesStatement, [about, knownEventIds]);
}
