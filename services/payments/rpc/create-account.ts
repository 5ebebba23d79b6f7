import { randomUUIDv7 } from 'node:crypto';
import type { Account } from '#gen/purser/payments/v1/account.ts';
import { CreateAccountRequest } from '#gen/purser/payments/v1/account_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import { fingerprint } from '#lib/idempotency/fingerprint.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { accountCreated } from '../published.ts';
import type { AccountRow } from '../schema/account.ts';
import { insertAccount } from '../sql/insert-account.ts';
import { insertOutbox } from '../sql/insert-outbox.ts';
import { lockWallets } from '../sql/lock-wallets.ts';
import { insertRequests, selectRequests } from '../sql/requests.ts';
import { accountMessage, accountName } from './account-message.ts';

const methodPath = '/purser.payments.v1.AccountService/CreateAccount';

/** What ISO 4217 lists, as this Node's copy of the Unicode data knows it. */
const currencies = new Set(Intl.supportedValuesOf('currency'));

export function createAccount({
  database,
  clock,
  committed,
}: ServiceDeps): Handler<CreateAccountRequest, Account> {
  return async (request, call) => {
    if (!currencies.has(request.account!.currencyCode)) {
      const violation = {
        field: 'account.currency_code',
        description: 'is no currency of ISO 4217',
      };
      throw new PurserError('INVALID_REQUEST', {}, { violations: [violation] });
    }
    const now = clock();
    const row = await database.transaction((tx) => createIn(tx, request, call, now));
    committed();
    return accountMessage(row);
  };
}

async function createIn(
  tx: Tx,
  request: CreateAccountRequest,
  { userId, traceparent }: CallContext,
  now: Date,
): Promise<AccountRow> {
  const id = randomUUIDv7();
  const { currencyCode } = request.account!;
  const { requestId } = request;
  const mark = fingerprint(
    methodPath,
    CreateAccountRequest.encode({ ...request, requestId: '' }).finish(),
  );
  const created = await insertAccount(tx, { id, userId, currencyCode, createTime: now });
  const [row] = await lockWallets(tx, [userId]);
  if (!row) throw new Error('an account vanished while it was created');
  if (created) {
    const stored = { userId, requestId, fingerprint: mark, accountId: id, ledgerVersion: 0n };
    await insertRequests(tx, requestId ? [stored] : [], now);
    await insertOutbox(tx, [createdEvent(row, traceparent)]);
    return row;
  }
  const [first] = await selectRequests(tx, requestId ? [{ userId, requestId }] : []);
  if (!first) throw new PurserError('ACCOUNT_ALREADY_EXISTS', { account: accountName(row.id) });
  if (!first.fingerprint.equals(mark))
    throw new PurserError('IDEMPOTENCY_KEY_REUSED', { request_id: requestId });
  // The first answer was the account as it was when it was new.
  return { ...row, balanceMinor: 0n, ledgerVersion: 0n, updateTime: row.createTime };
}

function createdEvent(row: AccountRow, traceparent: string | undefined): OutboxEvent {
  const { userId, currencyCode, ledgerVersion, createTime } = row;
  const account = accountName(row.id);
  const balance = { currencyCode, amountMinor: row.balanceMinor };
  return accountCreated.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: account,
    traceparent,
    message: { account, userId, balance, ledgerVersion, createTime },
  });
}
