import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { isWaiting } from './claim-waiting-orders.ts';

/** Locks nothing. Reads the orders in orders_waiting, which are those that wait. */
const selectWaitingStatement: Statement = {
  name: 'select_waiting',
  text: `
    select count(*) filter (where update_time <= $1) as count, min(update_time) as since
    from orders where ${isWaiting}`,
};

/** How many orders wait since `before` or longer, and since when the oldest of all waits. */
export async function selectWaiting(
  tx: Tx,
  before: Date,
): Promise<{ count: bigint; since: Date | null }> {
  const [row] = await tx.query<{ count: bigint; since: Date | null }>(selectWaitingStatement, [
    before,
  ]);
  return row!;
}
