import type { EntityManager } from '@mikro-orm/postgresql';
import type { AccountRow } from '../schema/account.ts';
import { TransferRow } from '../schema/transfer.ts';

/** The account right after the entry of that number; empty, as it was created, for 0. */
export async function accountAtVersion(
  reader: EntityManager,
  account: AccountRow,
  ledgerVersion: bigint,
): Promise<AccountRow> {
  const key = { accountId: account.id, ledgerVersion };
  const entry = ledgerVersion > 0n ? await reader.findOneOrFail(TransferRow, key) : undefined;
  return accountAfter(account, entry);
}

/** The account right after an entry; empty, as it was created, before the first. */
export function accountAfter(
  account: AccountRow,
  entry: TransferRow | null | undefined,
): AccountRow {
  return {
    ...account,
    balanceMinor: entry?.balanceAfterMinor ?? 0n,
    ledgerVersion: entry?.ledgerVersion ?? 0n,
    updateTime: entry?.createTime ?? account.createTime,
  };
}
