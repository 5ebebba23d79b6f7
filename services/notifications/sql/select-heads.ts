import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** Locks nothing. Uses the primary key. */
const selectHeadsStatement: Statement = {
  name: 'select_heads',
  text: `select user_id as "userId", number from heads where user_id = any($1::text[])`,
};

/** The number of each user's last change; a user without one is left out. */
export async function selectHeads(
  tx: Tx,
  userIds: readonly string[],
): Promise<{ userId: string; number: bigint }[]> {
  return tx.query(selectHeadsStatement, [userIds]);
}
