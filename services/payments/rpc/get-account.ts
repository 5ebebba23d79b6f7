import type { Account } from '#gen/purser/payments/v1/account.ts';
import type { GetAccountRequest } from '#gen/purser/payments/v1/account_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { AccountRow } from '../schema/account.ts';
import { accountMessage } from './account-message.ts';

export function getAccount({ database }: ServiceDeps): Handler<GetAccountRequest, Account> {
  return async (_request, { userId, signal }) => {
    const row = await database.reader(signal).findOne(AccountRow, { userId });
    if (!row) throw new PurserError('ACCOUNT_NOT_FOUND');
    return accountMessage(row);
  };
}
