import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { AccountRow } from '../schema/account.ts';

const columns = `
  id, user_id as "userId", currency_code as "currencyCode", balance_minor as "balanceMinor",
  ledger_version as "ledgerVersion", create_time as "createTime", update_time as "updateTime"`;

/**
 * Locks: the users' rows of `accounts`, in the order of their user ids, so that overlapping batches
 * cannot deadlock. Under READ COMMITTED a row that had to be waited for comes back as its last
 * writer left it. Uses accounts_one_per_user. A user without an account is left out.
 */
const lockWalletsStatement: Statement = {
  name: 'lock_wallets',
  text: `select ${columns} from accounts where user_id = any($1::text[]) order by user_id
    for no key update`,
};

export async function lockWallets(tx: Tx, userIds: Iterable<string>): Promise<AccountRow[]> {
  return tx.query<AccountRow>(lockWalletsStatement, [[...new Set(userIds)]]);
}
