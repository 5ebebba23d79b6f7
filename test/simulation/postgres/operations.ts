import { insertDeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';
import { insertIntoInbox } from '#lib/inbox/insert-into-inbox.ts';
import { defineEvent, type OutboxEvent } from '#lib/outbox/event.ts';
import { insertEvents } from '#lib/outbox/insert-events.ts';
import type { Cursor, OutboxRow } from '#lib/outbox/relay-ports.ts';
import { relayStore } from '#lib/outbox/relay-store.ts';
import { republish } from '#lib/outbox/republish.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { changeOrders } from '../../../services/orders/domain/change-orders.ts';
import { rules, type Trigger } from '../../../services/orders/domain/order-state.ts';
import {
  claimWaitingOrders,
  noteRound,
} from '../../../services/orders/sql/claim-waiting-orders.ts';
import { insertOrders } from '../../../services/orders/sql/insert-orders.ts';
import { lockOrders, selectOrders } from '../../../services/orders/sql/lock-orders.ts';
import { selectRequests } from '../../../services/orders/sql/select-requests.ts';
import { writeSteps } from '../../../services/orders/sql/write-steps.ts';
import { Ledger } from '../../../services/payments/domain/ledger.ts';
import { type PaymentWish, settle } from '../../../services/payments/domain/settle.ts';
import { topUp } from '../../../services/payments/domain/top-up.ts';
import { bookTransfers } from '../../../services/payments/sql/book-transfers.ts';
import { insertOutbox } from '../../../services/payments/sql/insert-outbox.ts';
import { lockWallets } from '../../../services/payments/sql/lock-wallets.ts';
import {
  insertRequests,
  selectRequests as selectKeys,
} from '../../../services/payments/sql/requests.ts';
import { selectPastBalances } from '../../../services/payments/sql/select-past-balances.ts';
import { selectPayments } from '../../../services/payments/sql/select-payments.ts';
import { writePayments } from '../../../services/payments/sql/write-payments.ts';

/** What a step does, chosen by numbers. */
export interface Choice {
  /** Place of the step in its sequence: makes its ids. */
  step: number;
  a: number;
  b: number;
  c: number;
}

/** What one side remembers between its steps; the ids of transactions differ between the two. */
export interface Memory {
  cursor: Cursor | undefined;
  term: bigint;
  /** Under which name the lease was taken. */
  holder?: string;
  page: OutboxRow[];
  nowMs: number;
}

export type Operation = (tx: Tx, choice: Choice, memory: Memory) => Promise<unknown>;

export const timeZero = Date.UTC(2026, 5, 1);

export function newMemory(): Memory {
  return { cursor: undefined, term: 0n, page: [], nowMs: timeZero };
}

/** Ids of few things, so that steps meet. */
export const orderIdAt = (place: number) =>
  `0a0a0a0a-0000-7000-8000-${String(place % 5).padStart(12, '0')}`;
const eventIdAt = (step: number, place: number) =>
  `0e0e0e0e-0000-7000-8000-${String(step * 10 + place).padStart(12, '0')}`;
export const users = ['ann', 'bob'] as const;
const userAt = (place: number) => users[place % 2]!;

const happened = defineEvent({
  type: 'purser.test.v1.Happened',
  subject: 'purser.v1.test.happened',
  codec: { encode: () => ({ finish: () => Buffer.from('x') }), decode: () => undefined },
});

function eventOf(eventId: string, about: string): OutboxEvent {
  return happened.toOutbox({ eventId, userId: 'ann', about, message: undefined });
}

const holders = ['relay', 'other-relay'] as const;
const key = ({ term, holder = holders[0] }: Memory) => ({ holder, term });
/** Long enough to last, or over at once. */
const leaseOf = (c: number) => (c % 2 === 0 ? 60_000 : -1_000);

function storeOn(tx: Tx) {
  return relayStore({ single: (work: any) => work(tx) } as unknown as Database);
}

/** A cursor for those who never had the lease. */
const start: Cursor = { seen: '3:3:', target: undefined, tx: '0', seq: 0n };

const messaging: Record<string, Operation> = {
  insertEvents: (tx, { step, a }) => {
    // Now and then an id that an earlier step has used.
    const from = a % 7 === 0 ? Math.max(0, step - 1) : step;
    const ids = Array.from({ length: 1 + (a % 3) }, (_, place) => eventIdAt(from, place));
    return insertEvents(
      tx,
      ids.map((id) => eventOf(id, `orders/${orderIdAt(a)}`)),
    );
  },
  async republish(tx, { step, a, b }) {
    const ids = [0, 1].map((place) => eventIdAt(Math.max(0, step - 1 - ((a + place) % 6)), b % 3));
    const outcomes = await republish(tx, ids);
    return [...outcomes].sort();
  },
  async acquire(tx, { b, c }, memory) {
    const holder = holders[b % 2]!;
    const grant = await storeOn(tx).acquire(holder, leaseOf(c));
    if (grant) Object.assign(memory, { cursor: grant.cursor, term: grant.term, holder });
    return grant?.term;
  },
  async read(tx, { a }, memory) {
    const page = await storeOn(tx).read(memory.cursor ?? start, 1 + (a % 4));
    memory.page = page.rows;
    return page.rows.map((row) => [row.eventId, row.publication, row.type, row.about]);
  },
  async advance(tx, { a, c }, memory) {
    const row = memory.page[a % Math.max(1, memory.page.length)];
    if (!row) return undefined;
    const kept = await storeOn(tx).advance(key(memory), row.after, leaseOf(c));
    if (kept) memory.cursor = row.after;
    return kept;
  },
  renew: (tx, { c }, memory) => storeOn(tx).renew(key(memory), leaseOf(c)),
  release: (tx, _choice, memory) => storeOn(tx).release(key(memory)),
  async bury(tx, { c }, memory) {
    const [row] = memory.page;
    if (!row) return undefined;
    const death = { cause: new Error('too large'), attempts: 3 };
    const kept = await storeOn(tx).bury(key(memory), row, death, leaseOf(c));
    if (kept) memory.cursor = row.after;
    return kept;
  },
  deadLetter: (tx, { a, b }) => {
    const letter = { source: 'test', subject: 's', headers: {}, payload: Buffer.from('x') };
    const eventId = a % 3 === 0 ? undefined : eventIdAt(0, b % 2);
    const rest = { eventId, type: undefined, about: undefined, deliveries: 1 + (b % 5) };
    return insertDeadLetter(tx, { ...letter, ...rest }, new Error('poison'));
  },
};

const triggers = Object.keys(rules) as Trigger[];

async function change(tx: Tx, { step, a, b, c }: Choice, { nowMs }: Memory): Promise<unknown> {
  const ids = [...new Set([orderIdAt(a), orderIdAt(b)])];
  // Without the lock the guard has to find out.
  const rows = c % 4 === 0 ? await selectOrders(tx, ids) : await lockOrders(tx, ids);
  const changes = [a, b, c].slice(0, 1 + (c % 3)).map((number) => {
    const trigger = triggers[number % triggers.length]!;
    const failureReason = trigger === 'PAYMENT_FAILED' ? 'INSUFFICIENT_FUNDS' : null;
    const who = { actor: 'PAYMENTS' as const, actorUserId: null, reason: '', causeEventId: null };
    const orderId = ids[number % ids.length]!;
    return { orderId, trigger, failureReason, ...who, traceparent: undefined };
  });
  const { steps, refused, unknown } = changeOrders(rows, changes);
  const writes = steps.map((it, place) => {
    const eventId = eventIdAt(step, place);
    const events = [eventOf(eventId, `orders/${it.orderId}`)];
    const shipment = it.to === 'SHIPPED' ? { carrier: 'Post', trackingCode: 'RR 1' } : null;
    return { ...it, eventId, events, shipment };
  });
  await writeSteps(tx, writes, new Date(nowMs));
  const before = rows.map(({ id, state, version }) => [id, state, version]).sort();
  return { before, steps: steps.length, refused: refused.length, unknown: unknown.length };
}

/** Steps on the database of Orders. */
export const ordersOperations: Record<string, Operation> = {
  ...messaging,
  change,
  insert: (tx, { step, a, b, c }, { nowMs }) => {
    const places = c % 3 === 0 ? [a, a + 1] : [a];
    const orders = places.map((place, index) => ({
      id: orderIdAt(place + b),
      userId: userAt(place),
      requestId: b % 3 === 0 ? null : `key-${(b + index) % 3}`,
      fingerprint: Buffer.from([c % 2]),
      amountMinor: BigInt(1 + a),
      currencyCode: 'USD',
      description: '',
      lines: null,
      lineCount: 0,
      recipient: null,
      createTime: new Date(nowMs),
      eventId: eventIdAt(step, index),
      events: [eventOf(eventIdAt(step, index), `orders/${orderIdAt(place + b)}`)],
    }));
    return insertOrders(tx, orders);
  },
  async lock(tx, { a, b }) {
    const rows = await lockOrders(tx, [orderIdAt(a), orderIdAt(b)]);
    return rows.map(orderFields);
  },
  async select(tx, { a, b }) {
    const rows = await selectOrders(tx, [orderIdAt(a), orderIdAt(b)]);
    return rows.map(orderFields).sort();
  },
  async claim(tx, _choice, { nowMs }) {
    // After a failure one order is enough, and which one is chance where several are due.
    await noteRound(tx, true, new Date(nowMs));
    const rows = await claimWaitingOrders(tx, new Date(nowMs));
    return rows.map(({ id, state, amountMinor }) => [id, state, amountMinor]).sort();
  },
  answered: (tx, _choice, { nowMs }) => noteRound(tx, true, new Date(nowMs)),
  unanswered: (tx, _choice, { nowMs }) => noteRound(tx, false, new Date(nowMs)),
  async requests(tx, { a, b, c }) {
    const state = c % 2 === 0 ? 'PENDING' : 'CANCELLING';
    const wanted = [a, b].map((place) => ({ id: orderIdAt(place), state, type: happened.type }));
    return [...(await selectRequests(tx, wanted.slice(0, 1 + (a % 2))))].sort();
  },
};

function orderFields(row: Awaited<ReturnType<typeof lockOrders>>[number]): unknown[] {
  const { id, userId, state, failureReason, amountMinor, version, carrier, lineCount } = row;
  return [id, userId, state, failureReason, amountMinor, version, carrier ?? null, lineCount];
}

async function settleWishes(tx: Tx, { step, a, b, c }: Choice, { nowMs }: Memory) {
  const wishes = [a, b].slice(0, 1 + (c % 2)).map((number, place): PaymentWish => {
    const eventId = eventIdAt(c % 5 === 0 ? a % 4 : step, place);
    const owner = { orderId: orderIdAt(number), userId: userAt(number % 5) };
    const money = { amountMinor: BigInt(1 + (b % 60)), currencyCode: 'USD' };
    const kind = number % 3 === 0 ? 'undo' : 'pay';
    return { kind, eventId, ...owner, ...money, traceparent: undefined };
  });
  const fresh = await insertIntoInbox(tx, wishes);
  const pending = wishes.filter(({ eventId }) => fresh.has(eventId));
  const wallets = await lockWallets(
    tx,
    pending.map(({ userId }) => userId),
  );
  const settled = await selectPayments(
    tx,
    pending.map(({ orderId }) => orderId),
  );
  // Now and then the books are not where the ledger believes them to be.
  const skew = c % 11 === 0 ? 1n : 0n;
  const seen = wallets.map((it) => ({ ...it, ledgerVersion: it.ledgerVersion + skew }));
  const ledger = new Ledger(seen);
  const now = new Date(nowMs);
  const settlement = settle(pending, { ledger, settled, now });
  await bookTransfers(tx, ledger.transfers, now);
  const events = settlement.answers.map(({ payment }, place) =>
    eventOf(eventIdAt(step, 5 + place), `orders/${payment.orderId}`),
  );
  await writePayments(tx, settlement, events);
  const balances = wallets.map(({ userId, balanceMinor }) => [userId, balanceMinor]);
  return { fresh: [...fresh], balances, answers: settlement.answers.map(({ answer }) => answer) };
}

async function topUpWallets(tx: Tx, { step, a, b, c }: Choice, { nowMs }: Memory) {
  const userId = userAt(a);
  const requestId = c % 3 === 0 ? null : `key-${b % 3}`;
  const fingerprint = Buffer.from([b % 2]);
  const wish = { userId, requestId, fingerprint, amountMinor: BigInt(1 + b), currencyCode: 'USD' };
  const rows = await lockWallets(tx, [userId]);
  const stored = await selectKeys(tx, requestId === null ? [] : [{ userId, requestId }]);
  const ledger = new Ledger(rows);
  const { outcomes, requests } = topUp([wish], ledger, stored);
  await bookTransfers(tx, ledger.transfers, new Date(nowMs));
  await insertRequests(tx, requests, new Date(nowMs));
  await insertOutbox(tx, requests.length > 0 ? [eventOf(eventIdAt(step, 0), 'accounts/1')] : []);
  const past = await selectPastBalances(tx, stored);
  const balances = past.map(({ ledgerVersion, balanceMinor }) => [ledgerVersion, balanceMinor]);
  return { kinds: outcomes.map(({ kind }) => kind), balances };
}

/** Steps on the database of Payments. */
export const paymentsOperations: Record<string, Operation> = {
  ...messaging,
  settle: settleWishes,
  settleMore: settleWishes,
  topUp: topUpWallets,
  async lock(tx, { a, b }) {
    const rows = await lockWallets(tx, [userAt(a), userAt(b)]);
    return rows.map(({ userId, balanceMinor, ledgerVersion }) => [
      userId,
      balanceMinor,
      ledgerVersion,
    ]);
  },
  async payments(tx, { a, b }) {
    const rows = await selectPayments(tx, [orderIdAt(a), orderIdAt(b)]);
    return rows.map(({ orderId, state, amountMinor }) => [orderId, state, amountMinor]).sort();
  },
};
