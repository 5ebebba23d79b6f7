import { randomUUIDv7 } from 'node:crypto';
import type { Account } from '#gen/purser/payments/v1/account.ts';
import { TopUpAccountRequest } from '#gen/purser/payments/v1/account_service.ts';
import { Batcher } from '#lib/batch/batcher.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import { fingerprint } from '#lib/idempotency/fingerprint.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { Ledger, type Wallet } from '../domain/ledger.ts';
import { type StoredRequest, type TopUp, topUp } from '../domain/top-up.ts';
import { accountToppedUp } from '../published.ts';
import { bookTransfers } from '../sql/book-transfers.ts';
import { lockWallets } from '../sql/lock-wallets.ts';
import { insertOutbox } from '../sql/insert-outbox.ts';
import { insertRequests, selectRequests } from '../sql/requests.ts';
import { selectPastBalances } from '../sql/select-past-balances.ts';
import { accountMessage, accountName } from './account-message.ts';

const methodPath = '/purser.payments.v1.AccountService/TopUpAccount';

/** Concurrent top-ups share a transaction. */
export function topUpAccount({
  database,
  clock,
  committed,
}: ServiceDeps): Handler<TopUpAccountRequest, Account> {
  const batcher = new Batcher<TopUp, Account>({
    name: 'top-up-account',
    run: async (wishes) => {
      const accounts = await database.transaction((tx) => topUpIn(tx, wishes, clock()));
      committed();
      return accounts;
    },
    sizeMax: 200,
    queueMax: 5_000,
  });
  return (request, call) => batcher.submit(toTopUp(request, call), call);
}

function toTopUp(request: TopUpAccountRequest, { userId, traceparent }: CallContext): TopUp {
  return {
    userId,
    requestId: request.requestId || null,
    fingerprint: fingerprint(
      methodPath,
      TopUpAccountRequest.encode({ ...request, requestId: '' }).finish(),
    ),
    amountMinor: request.amount!.amountMinor,
    currencyCode: request.amount!.currencyCode,
    traceparent,
  };
}

async function topUpIn(tx: Tx, wishes: readonly TopUp[], now: Date): Promise<(Account | Error)[]> {
  const rows = await lockWallets(
    tx,
    wishes.map(({ userId }) => userId),
  );
  const keyed = wishes.flatMap(({ userId, requestId }) =>
    requestId === null ? [] : { userId, requestId },
  );
  const stored = await selectRequests(tx, keyed);
  const ledger = new Ledger(rows);
  const { outcomes, requests } = topUp(wishes, ledger, stored);
  await bookTransfers(tx, ledger.transfers, now);
  await insertRequests(tx, requests, now);
  const booked = outcomes.flatMap((outcome, index) =>
    outcome.kind === 'booked' ? toppedUpEvent(wishes[index]!, outcome.wallet, now) : [],
  );
  await insertOutbox(tx, booked);
  const replayed = outcomes.flatMap((outcome) =>
    outcome.kind === 'replayed' ? outcome.request : [],
  );
  const past = await selectPastBalances(tx, replayed);
  const accounts = new Map(rows.map((row) => [row.userId, row]));
  return outcomes.map((outcome, index) => {
    if (outcome.kind === 'refused') return outcome.error;
    const row = accounts.get(wishes[index]!.userId)!;
    if (outcome.kind === 'booked')
      return accountMessage({ ...row, ...outcome.wallet, updateTime: now });
    const balance = past.find((entry) => isAnswerOf(entry, outcome.request));
    return balance
      ? accountMessage({ ...row, ...balance })
      : new Error('the transfer of a known key is gone');
  });
}

function isAnswerOf(
  entry: { accountId: string; ledgerVersion: bigint },
  request: StoredRequest,
): boolean {
  return entry.accountId === request.accountId && entry.ledgerVersion === request.ledgerVersion;
}

function toppedUpEvent(
  { amountMinor, traceparent }: TopUp,
  wallet: Wallet,
  now: Date,
): OutboxEvent {
  const { userId, currencyCode, ledgerVersion } = wallet;
  const account = accountName(wallet.id);
  return accountToppedUp.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: account,
    traceparent,
    message: {
      account,
      userId,
      amount: { currencyCode, amountMinor },
      balance: { currencyCode, amountMinor: wallet.balanceMinor },
      ledgerVersion,
      topUpTime: now,
    },
  });
}
