import type { EntityManager } from '@mikro-orm/postgresql';
import type { Account } from '#gen/purser/payments/v1/account.ts';
import type { GetAccountRequest } from '#gen/purser/payments/v1/account_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { AccountRow } from '../schema/account.ts';
import { TransferRow } from '../schema/transfer.ts';
import { accountAfter } from './account-at-version.ts';
import { accountMessage } from './account-message.ts';

export function getAccount({ database }: ServiceDeps): Handler<GetAccountRequest, Account> {
  return async ({ asOf }, { userId, signal }) => {
    const reader = database.reader(signal);
    const row = await reader.findOne(AccountRow, { userId });
    const wanted = row && asOf ? await past(reader, row, asOf) : row;
    if (!wanted) throw new PurserError('ACCOUNT_NOT_FOUND');
    return accountMessage(wanted);
  };
}

/** Undefined before the account was created; empty before its first transfer. */
async function past(
  reader: EntityManager,
  account: AccountRow,
  asOf: Date,
): Promise<AccountRow | undefined> {
  if (account.createTime > asOf) return undefined;
  const last = await reader.findOne(
    TransferRow,
    { accountId: account.id, createTime: { $lte: asOf } },
    { orderBy: { ledgerVersion: 'desc' } },
  );
  return accountAfter(account, last);
}
