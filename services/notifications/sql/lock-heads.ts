import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { type Position, start } from '../domain/position.ts';

/**
 * Locks: the users' rows of `heads`, made where they are missing, in the order of the user ids, so
 * that overlapping batches cannot deadlock. The update that changes nothing is what locks a row and
 * returns it as its last writer left it, in one pass with the inserts. Uses the primary key.
 */
const lockHeadsStatement: Statement = {
  name: 'lock_heads',
  text: `
    insert into heads as head (user_id)
    select id from unnest($1::text[]) as id order by id
    on conflict (user_id) do update set number = head.number
    returning user_id as "userId", number, event_id as "eventId"`,
};

/** Each user's last change. */
export async function lockHeads(
  tx: Tx,
  userIds: ReadonlySet<string>,
): Promise<Map<string, Position>> {
  const rows = await tx.query<{ userId: string; number: bigint; eventId: string | null }>(
    lockHeadsStatement,
    [[...userIds]],
  );
  return new Map(
    rows.map(({ userId, number, eventId }) => [userId, eventId ? { number, eventId } : start]),
  );
}
