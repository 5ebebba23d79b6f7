import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * Locks: the rows of events that another instance has sent too, in the order of the ids. The
 * earlier time stays. Uses the primary key.
 */
const insertPushesStatement: Statement = {
  name: 'insert_pushes',
  text: `
    insert into pushes as known (event_id, push_time)
    select * from unnest($1::uuid[], $2::timestamptz[]) as t (event_id, time) order by event_id
    on conflict (event_id) do update set push_time = excluded.push_time
    where excluded.push_time < known.push_time`,
};

/** When events were sent to a stream, each once. */
export async function insertPushes(tx: Tx, pushes: readonly [string, Date][]): Promise<void> {
  await tx.query(insertPushesStatement, [
    pushes.map(([eventId]) => eventId),
    pushes.map(([, time]) => time),
  ]);
}

/** Locks nothing. Uses the primary keys of both tables. */
const selectPushesStatement: Statement = {
  name: 'select_pushes',
  text: `
    select inbox.event_id as "eventId", inbox.create_time as "logTime", push_time as "pushTime"
    from inbox left join pushes on pushes.event_id = inbox.event_id
    where inbox.event_id = any($1::uuid[])
    order by inbox.create_time, inbox.event_id`,
};

/** When those of the events that were logged were, and first sent, if they were. */
export async function selectPushes(
  tx: Tx,
  eventIds: readonly string[],
): Promise<{ eventId: string; logTime: Date; pushTime: Date | null }[]> {
  return tx.query(selectPushesStatement, [eventIds]);
}
