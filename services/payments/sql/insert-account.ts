import type { Statement, Tx } from '#lib/pg/transaction.ts';

export interface AccountInsert {
  id: string;
  userId: string;
  currencyCode: string;
  createTime: Date;
}

/**
 * A user's account, empty, and the system accounts of its currency if it is the first in it.
 *
 * Locks: nothing but the new rows; a second insert for the same user waits for the first. Uses
 * accounts_one_per_user. Outcome: a row when the account is new, none when the user has one.
 */
const insertAccountStatement: Statement = {
  name: 'insert_account',
  text: `
    with counter_accounts as (
      insert into system_accounts (id, purpose, currency_code)
      select md5(purpose || ':' || $3)::uuid, purpose, $3
      from unnest(array['SALES', 'TOP_UP_CLEARING']) as purpose
      on conflict do nothing
    )
    insert into accounts (id, user_id, currency_code, balance_minor, ledger_version, create_time,
      update_time)
    values ($1, $2, $3, 0, 0, $4, $4)
    on conflict (user_id) do nothing
    returning id`,
};

/** True when the account is new. */
export async function insertAccount(tx: Tx, account: AccountInsert): Promise<boolean> {
  const { id, userId, currencyCode, createTime } = account;
  const rows = await tx.query(insertAccountStatement, [id, userId, currencyCode, createTime]);
  return rows.length === 1;
}
