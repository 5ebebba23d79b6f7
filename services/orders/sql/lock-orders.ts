import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { OrderRow } from '../schema/order.ts';

/** What `OrderRow` has, but for lines and recipient. */
export const orderColumns = `
  id, user_id as "userId", state, failure_reason as "failureReason", amount_minor as "amountMinor",
  currency_code as "currencyCode", description, version, create_time as "createTime",
    update_time as "updateTime",
  carrier, tracking_code as "trackingCode", line_count as "lineCount"`;

/**
 * Locks: the rows of `orders`, in the order of their ids, so that overlapping batches cannot
 * deadlock. Uses the primary key. An id without a row is left out.
 */
const lockOrdersStatement: Statement = {
  name: 'lock_orders',
  text: `
    select ${orderColumns} from orders where id = any($1::uuid[]) order by id for no key update`,
};

export async function lockOrders(tx: Tx, ids: readonly string[]): Promise<OrderRow[]> {
  return tx.query<OrderRow>(lockOrdersStatement, [ids]);
}

/** Locks nothing. Uses the primary key. */
const selectOrdersStatement: Statement = {
  name: 'select_orders',
  text: `select ${orderColumns}, lines, recipient from orders where id = any($1::uuid[])`,
};

export async function selectOrders(tx: Tx, ids: readonly string[]): Promise<OrderRow[]> {
  return tx.query<OrderRow>(selectOrdersStatement, [ids]);
}
