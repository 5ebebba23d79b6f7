import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * Locks: the users' rows of `heads`, made where they are missing, in the order of the user ids, so
 * that overlapping batches cannot deadlock. An update whose condition is false locks the row that
 * is there and writes none; it returns none either, so read them afterwards (`selectTold`). Uses
 * the primary key.
 */
const lockHeadsStatement: Statement = {
  name: 'lock_heads',
  text: `
    insert into heads (user_id)
    select id from unnest($1::text[]) as id order by id
    on conflict (user_id) do update set number = excluded.number where false`,
};

/** Keeps every other writer of these users' rows out until the transaction ends. */
export async function lockHeads(tx: Tx, userIds: readonly string[]): Promise<void> {
  await tx.query(lockHeadsStatement, [userIds]);
}
