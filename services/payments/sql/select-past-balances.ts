import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { StoredRequest } from '../domain/top-up.ts';

/** What a wallet held right after a certain transfer. */
export interface PastBalance {
  accountId: string;
  ledgerVersion: bigint;
  balanceMinor: bigint;
  updateTime: Date;
}

/** Locks nothing. Uses the primary key of the ledger. */
const selectPastBalancesStatement: Statement = {
  name: 'select_past_balances',
  text: `
    select account_id as "accountId", ledger_version as "ledgerVersion",
      balance_after_minor as "balanceMinor",
      create_time as "updateTime"
    from transfers
    where (account_id, ledger_version) in (select * from unnest($1::uuid[], $2::bigint[]))`,
};

/** The balances that stored requests were answered with. */
export async function selectPastBalances(
  tx: Tx,
  requests: readonly StoredRequest[],
): Promise<PastBalance[]> {
  if (requests.length === 0) return [];
  return tx.query<PastBalance>(selectPastBalancesStatement, [
    requests.map(({ accountId }) => accountId),
    requests.map(({ ledgerVersion }) => ledgerVersion),
  ]);
}
