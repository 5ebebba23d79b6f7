import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Payment } from '../domain/settle.ts';

/**
 * Locks nothing: run it after the wallets are locked, so that it sees what their last holder
 * decided. Uses the primary key.
 */
const selectPaymentsStatement: Statement = {
  name: 'select_payments',
  text: `
    select order_id as "orderId", user_id as "userId", amount_minor as "amountMinor",
      currency_code as "currencyCode",
      state, failure_reason as "failureReason", ledger_version as "ledgerVersion",
      create_time as "createTime",
      update_time as "updateTime"
    from payments where order_id = any($1::uuid[])`,
};

/** The decisions about these orders so far. */
export async function selectPayments(tx: Tx, orderIds: readonly string[]): Promise<Payment[]> {
  return tx.query<Payment>(selectPaymentsStatement, [orderIds]);
}
