import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * Locks: the user's unread notifications up to the moment, in the order of their ids, so that two
 * calls cannot deadlock. Uses notifications_unread. Outcome: how many were marked.
 */
const markReadStatement: Statement = {
  name: 'mark_read',
  text: `
    with unread as (
      select event_id from notifications
      where user_id = $1 and read_time is null and create_time <= $2
      order by event_id
      for no key update
    )
    update notifications set read_time = $3
    from unread where notifications.event_id = unread.event_id and read_time is null`,
};

export async function markRead(
  tx: Tx,
  { userId, until, now }: { userId: string; until: Date; now: Date },
): Promise<void> {
  await tx.query(markReadStatement, [userId, until, now]);
}

/** Locks nothing. Uses notifications_unread, without a look at the table. */
const countUnreadStatement: Statement = {
  name: 'count_unread',
  text: `select count(*) as count from notifications where user_id = $1 and read_time is null`,
};

export async function countUnread(tx: Tx, userId: string): Promise<number> {
  const [row] = await tx.query<{ count: bigint }>(countUnreadStatement, [userId]);
  return Number(row?.count ?? 0n);
}
