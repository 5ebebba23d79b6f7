import type { Payment } from '../../../services/payments/domain/settle.ts';
import type { Transfer, Wallet } from '../../../services/payments/domain/ledger.ts';
import type { StoredRequest } from '../../../services/payments/domain/top-up.ts';
import {
  checkViolation,
  type Execution,
  type Running,
  type StatementModel,
  Table,
  uniqueViolation,
} from './engine.ts';
import { outboxStatements } from './outbox-statements.ts';
import { insertOutboxRows, OutboxTables } from './outbox-tables.ts';

export type StoredWallet = Wallet & { createTime: Date; updateTime: Date };
export type StoredTransfer = Transfer & { createTime: Date };

/** The tables of Payments. */
export class PaymentsTables extends OutboxTables {
  /** Accounts by user id. */
  readonly accounts = new Table<StoredWallet>();
  /** By account and ledger version. */
  readonly transfers = new Table<StoredTransfer>();
  /** The unique index of transfers, by order and kind. */
  readonly transfersByOrder = new Table<true>();
  /** By order id. */
  readonly payments = new Table<Payment>();
  /** By event id: the id of the transaction that took it. */
  readonly inbox = new Table<{ eventId: string; tx: number }>();
  /** By user and request id. */
  readonly requests = new Table<StoredRequest>();
}

/** Models of the statements in services/payments/sql and lib/inbox, by their names. */
export function paymentsStatements(tables: PaymentsTables): Record<string, StatementModel> {
  return {
    ...outboxStatements(tables),
    'insert-into-inbox': (at, values) => insertIntoInbox(at, tables, values),
    lock_wallets: (at, values) => lockWallets(at, tables, values),
    select_payments: (at, values) => selectPayments(at, tables, values),
    book_transfers: (at, values) => bookTransfers(at, tables, values),
    write_payments: (at, values) => writePayments(at, tables, values),
    select_requests: (at, values) => selectRequests(at, tables, values),
    insert_requests: (at, values) => insertRequests(at, tables, values),
    select_past_balances: (at, values) => selectPastBalances(at, tables, values),
    *insert_outbox(at, values) {
      yield* insertOutboxRows(at, tables, values);
      return [];
    },
  };
}

function* insertIntoInbox(
  at: Execution,
  { inbox }: PaymentsTables,
  [ids]: readonly any[],
): Running {
  const fresh: { event_id: string }[] = [];
  for (const eventId of [...new Set(ids as string[])].sort()) {
    const row = { eventId, tx: 0 };
    if (!(yield* inbox.insert(at, eventId, row))) continue;
    // An id that is taken gives the transaction no number of its own.
    row.tx = at.transaction.xid;
    fresh.push({ event_id: eventId });
  }
  return fresh;
}

function* lockWallets(at: Execution, { accounts }: PaymentsTables, [ids]: readonly any[]): Running {
  const rows: StoredWallet[] = [];
  for (const userId of [...new Set(ids as string[])].sort()) {
    const row = yield* accounts.lock(at, userId);
    if (row) rows.push(row);
  }
  return rows;
}

// eslint-disable-next-line require-yield
function* selectPayments(at: Execution, tables: PaymentsTables, [ids]: readonly any[]): Running {
  return [...new Set(ids as string[])].flatMap((id) => tables.payments.seen(at, id) ?? []);
}

export function transfersOf(values: readonly any[]): StoredTransfer[] {
  const [ids, versions, kinds, debits, credits, amounts, currencies, balances, orders, now] =
    values;
  return (ids as string[]).map((accountId, n) => ({
    accountId,
    ledgerVersion: versions[n],
    kind: kinds[n],
    debitAccountId: debits[n],
    creditAccountId: credits[n],
    amountMinor: amounts[n],
    currencyCode: currencies[n],
    balanceAfterMinor: balances[n],
    orderId: orders[n],
    createTime: now,
  }));
}

export function signedAmount({ creditAccountId, accountId, amountMinor }: Transfer): bigint {
  return creditAccountId === accountId ? amountMinor : -amountMinor;
}

function* bookTransfers(at: Execution, tables: PaymentsTables, values: readonly any[]): Running {
  const now: Date = values[9];
  let booked = 0n;
  const userIds = new Map([...tables.accounts.rows(at)].map(({ id, userId }) => [id, userId]));
  for (const [accountId, own] of Map.groupBy(transfersOf(values), (row) => row.accountId)) {
    const first = own.reduce((least, { ledgerVersion: v }) => (v < least ? v : least), 1n << 60n);
    const userId = userIds.get(accountId) ?? '';
    const isExpected = ({ ledgerVersion }: StoredWallet) => ledgerVersion === first - 1n;
    const wallet = yield* tables.accounts.lock(at, userId, isExpected);
    if (!wallet) continue;
    const balanceMinor = own.reduce((sum, row) => sum + signedAmount(row), wallet.balanceMinor);
    if (balanceMinor < 0n) throw checkViolation('accounts_balance_not_negative');
    const ledgerVersion = wallet.ledgerVersion + BigInt(own.length);
    tables.accounts.write(userId, { ...wallet, balanceMinor, ledgerVersion, updateTime: now });
    for (const row of own) {
      yield* insertTransfer(at, tables, row);
      booked += 1n;
    }
  }
  return [{ booked }];
}

export function* insertTransfer(at: Execution, tables: PaymentsTables, row: StoredTransfer) {
  const { accountId, ledgerVersion, orderId, kind } = row;
  const isNew = yield* tables.transfers.insert(at, `${accountId}:${ledgerVersion}`, row);
  if (!isNew) throw uniqueViolation('transfers_pkey');
  if (orderId === null) return;
  const isFirst = yield* tables.transfersByOrder.insert(at, `${orderId}:${kind}`, true);
  if (!isFirst) throw uniqueViolation('transfers_once_per_order_and_kind');
}

function* writePayments(at: Execution, tables: PaymentsTables, values: readonly any[]): Running {
  const [ids, users, amounts, currencies, states, reasons, versions, created, updated] = values;
  const inOrder = (ids as string[])
    .map((_, n) => n)
    .sort((a, b) => ((ids[a] as string) < ids[b] ? -1 : 1));
  let written = 0n;
  for (const n of inOrder) {
    const isNew = yield* tables.payments.insert(at, ids[n], {
      orderId: ids[n],
      userId: users[n],
      amountMinor: amounts[n],
      currencyCode: currencies[n],
      state: states[n],
      failureReason: reasons[n],
      ledgerVersion: versions[n],
      createTime: created[n],
      updateTime: updated[n],
    });
    if (isNew) written += 1n;
  }
  const [refundedIds, refundedVersions, refundedTimes] = values.slice(9);
  for (const [n, id] of (refundedIds as string[]).entries()) {
    const row = yield* tables.payments.lock(at, id, ({ state }) => state === 'CAPTURED');
    if (!row) continue;
    const change = { ledgerVersion: refundedVersions[n], updateTime: refundedTimes[n] };
    tables.payments.write(id, { ...row, state: 'REFUNDED', ...change });
    written += 1n;
  }
  yield* insertOutboxRows(at, tables, values.slice(12, 18));
  return [{ written }];
}

// eslint-disable-next-line require-yield
function* selectRequests(at: Execution, tables: PaymentsTables, values: readonly any[]): Running {
  const [users, ids] = values as [string[], string[]];
  return users.flatMap((user, n) => tables.requests.seen(at, `${user}|${ids[n]}`) ?? []);
}

function* insertRequests(at: Execution, tables: PaymentsTables, values: readonly any[]): Running {
  const [users, ids, fingerprints, accounts, versions] = values;
  for (const [n, userId] of (users as string[]).entries()) {
    const isNew = yield* tables.requests.insert(at, `${userId}|${ids[n]}`, {
      userId,
      requestId: ids[n],
      fingerprint: fingerprints[n],
      accountId: accounts[n],
      ledgerVersion: versions[n],
    });
    if (!isNew) throw uniqueViolation('requests_pkey');
  }
  return [];
}

// eslint-disable-next-line require-yield
function* selectPastBalances(
  at: Execution,
  { transfers }: PaymentsTables,
  values: readonly any[],
): Running {
  const [accounts, versions] = values as [string[], bigint[]];
  return accounts.flatMap((accountId, n) => {
    const row = transfers.seen(at, `${accountId}:${versions[n]}`);
    if (!row) return [];
    const { ledgerVersion, balanceAfterMinor: balanceMinor, createTime: updateTime } = row;
    return [{ accountId, ledgerVersion, balanceMinor, updateTime }];
  });
}
