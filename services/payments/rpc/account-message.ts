import type { Account } from '#gen/purser/payments/v1/account.ts';
import type { AccountRow } from '../schema/account.ts';

/** The account as callers see it. */
export function accountMessage(row: AccountRow): Account {
  return {
    name: accountName(row.id),
    userId: row.userId,
    currencyCode: row.currencyCode,
    balance: { currencyCode: row.currencyCode, amountMinor: row.balanceMinor },
    ledgerVersion: row.ledgerVersion,
    createTime: row.createTime,
    updateTime: row.updateTime,
  };
}

/** `accounts/{account}` of an account's id. */
export function accountName(id: string): string {
  return `accounts/${id}`;
}
