import { ConflictError, violatedConstraint } from '#lib/pg/failure.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Transfer } from '../domain/ledger.ts';

/**
 * Moves money: the wallets' balances and the ledger's rows, in one statement. The wallets are
 * locked already (`lockWallets`); a wallet whose ledger version is not the one that the first of
 * its transfers follows is not touched, and neither is its ledger. Balances change by the sum of
 * the transfers, so that the constraint on the balance checks what the decision assumed. Uses the
 * primary keys.
 *
 * Outcome: the number of transfers written. Violates transfers_once_per_order_and_kind when an
 * order is debited a second time, accounts_balance_not_negative when a balance would go below zero.
 */
const bookTransfersStatement: Statement = {
  name: 'book_transfers',
  text: `
    with input as (
      select * from unnest(
        $1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[],
        $8::bigint[], $9::uuid[]
      ) as t (
        account_id, ledger_version, kind, debit_account_id, credit_account_id, amount_minor,
        currency_code,
        balance_after_minor, order_id
      )
    ), change as (
      select account_id, count(*) as entries, min(ledger_version) - 1 as old_version,
        sum(case when credit_account_id = account_id then amount_minor
          else -amount_minor end)::bigint as total_minor
      from input group by account_id
    ), changed as (
      update accounts
      set balance_minor = balance_minor + total_minor, ledger_version = ledger_version + entries,
        update_time = $10
      from change
      where id = account_id and ledger_version = old_version
      returning id
    ), booked as (
      insert into transfers
        (account_id, ledger_version, kind, debit_account_id, credit_account_id, amount_minor,
          currency_code,
         balance_after_minor, order_id, create_time)
      select input.*, $10 from input join changed on changed.id = account_id
      returning 1
    )
    select count(*) as booked from booked`,
};

/** Throws `ConflictError` when a guard did not hold, so that the transaction runs again. */
export async function bookTransfers(
  tx: Tx,
  transfers: readonly Transfer[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return;
  const booked = tx.query<{ booked: bigint }>(bookTransfersStatement, [
    transfers.map(({ accountId }) => accountId),
    transfers.map(({ ledgerVersion }) => ledgerVersion),
    transfers.map(({ kind }) => kind),
    transfers.map(({ debitAccountId }) => debitAccountId),
    transfers.map(({ creditAccountId }) => creditAccountId),
    transfers.map(({ amountMinor }) => amountMinor),
    transfers.map(({ currencyCode }) => currencyCode),
    transfers.map(({ balanceAfterMinor }) => balanceAfterMinor),
    transfers.map(({ orderId }) => orderId),
    now,
  ]);
  const [row] = await booked.catch((error: unknown) => {
    if (violatedConstraint(error) !== 'transfers_once_per_order_and_kind') throw error;
    throw new ConflictError('an order was debited by another transaction', { cause: error });
  });
  if (row?.booked !== BigInt(transfers.length)) {
    throw new ConflictError(`${row?.booked} of ${transfers.length} transfers passed their guard`);
  }
}
