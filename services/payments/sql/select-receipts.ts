import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** When an event was received, and where the broker kept it. */
export interface StoredReceipt {
  eventId: string;
  streamSequence: bigint | null;
  streamTime: Date | null;
  createTime: Date;
}

/** Locks nothing. Uses the primary key. */
const selectReceiptsStatement: Statement = {
  name: 'select_receipts',
  text: `
    select event_id as "eventId", stream_sequence as "streamSequence",
      stream_time as "streamTime", create_time as "createTime"
    from inbox where event_id = any($1::uuid[])
    order by create_time, event_id`,
};

/** Receipts of those of the events that were received, oldest first. */
export async function selectReceipts(
  tx: Tx,
  eventIds: readonly string[],
): Promise<StoredReceipt[]> {
  return tx.query<StoredReceipt>(selectReceiptsStatement, [eventIds]);
}
