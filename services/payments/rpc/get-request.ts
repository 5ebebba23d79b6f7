import type { Request } from '#gen/purser/payments/v1/request.ts';
import type { GetRequestRequest } from '#gen/purser/payments/v1/request_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { AccountRow } from '../schema/account.ts';
import { RequestRow } from '../schema/request.ts';
import { accountAtVersion } from './account-at-version.ts';
import { accountMessage } from './account-message.ts';

/** The account that the key's first call was answered with. */
export function getRequest({ database }: ServiceDeps): Handler<GetRequestRequest, Request> {
  return async ({ requestId }, { userId, signal }) => {
    const reader = database.reader(signal);
    const request = await reader.findOne(RequestRow, { userId, requestId });
    const account = request && (await reader.findOne(AccountRow, { id: request.accountId }));
    if (!account) throw new PurserError('REQUEST_NOT_FOUND', { request_id: requestId });
    const then = await accountAtVersion(reader, account, request.ledgerVersion);
    return { requestId, account: accountMessage(then), createTime: request.createTime };
  };
}
