import {
  endedOrders,
  paidOrders,
  sales,
  streams,
} from '../../services/operations/audit/invariants.ts';
import { comparePair, paidStates } from '../../services/operations/audit/compare-orders.ts';
import type { Order } from '#gen/purser/orders/v1/order.ts';
import { transitions } from '../../services/orders/domain/order-state.ts';
import type { Clients } from './clients.ts';
import { type History, historyInvariants, type Violation } from './history.ts';
import { isWaiting } from './postgres/orders-model.ts';
import { isPublished, type OutboxTables } from './postgres/outbox-tables.ts';
import { signedAmount, type StoredTransfer } from './postgres/payments-model.ts';
import type { System } from './system.ts';

/** What a run is judged by. */
export interface Evidence {
  system: System;
  clients: Clients;
  history: History;
  /** Ids of the events that were made to die. */
  poisons: ReadonlySet<string>;
}

type Report = (id: string, detail: string) => void;

/**
 * Everything that must hold when the system has come to rest, under the numbers of the audit
 * (services/<name>/audit.ts, services/operations/audit/invariants.ts), which asks the same of the
 * real tables.
 */
export function check(evidence: Evidence): Violation[] {
  const violations = [...evidence.history.violations];
  const report: Report = (id, detail) => violations.push({ id, detail });
  checkAccounts(evidence.system, report);
  checkPayments(evidence.system, report);
  checkOrders(evidence.system, report);
  checkBoth(evidence.system, report);
  checkMessages(evidence, report);
  checkClients(evidence, report);
  return violations;
}

function checkAccounts({ tables: { payments } }: System, report: Report): void {
  const transfers = payments.transfers.committed();
  const byAccount = Map.groupBy(transfers, ({ accountId }) => accountId);
  for (const { id, balanceMinor, ledgerVersion } of payments.accounts.committed()) {
    const own = (byAccount.get(id) ?? []).sort((a, b) => Number(a.ledgerVersion - b.ledgerVersion));
    const total = own.reduce((sum, row) => sum + signedAmount(row), 0n);
    const last = own.at(-1)?.ledgerVersion ?? 0n;
    if (balanceMinor !== total || ledgerVersion !== last) {
      report('I1', `${id} has ${balanceMinor} at ${ledgerVersion}, transfers ${total} at ${last}`);
    }
    if (balanceMinor < 0n) report('I3', `${id} has ${balanceMinor}`);
    let running = 0n;
    for (const [index, row] of own.entries()) {
      running += signedAmount(row);
      const isNext = row.ledgerVersion === BigInt(index + 1);
      if (!isNext || running !== row.balanceAfterMinor) {
        report('I2', `${id}: entry ${row.ledgerVersion} leaves ${row.balanceAfterMinor}`);
      }
    }
  }
}

function checkPayments({ tables: { payments } }: System, report: Report): void {
  const moved = Map.groupBy(
    payments.transfers.committed().filter(({ orderId }) => orderId !== null),
    ({ orderId }) => orderId!,
  );
  const sumOf = (rows: readonly StoredTransfer[], kind: string) =>
    rows.find((row) => row.kind === kind)?.amountMinor ?? 0n;
  for (const [orderId, rows] of moved) {
    for (const kind of ['PAYMENT', 'REFUND']) {
      const times = rows.filter((row) => row.kind === kind).length;
      if (times > 1) report('I4', `orders/${orderId}: ${times} times ${kind}`);
    }
    if (!payments.payments.latest(orderId)) report('I19', `orders/${orderId} has no payment`);
  }
  for (const { orderId, state, amountMinor } of payments.payments.committed()) {
    const rows = moved.get(orderId) ?? [];
    const debited = state === 'CAPTURED' || state === 'REFUNDED' ? amountMinor : 0n;
    const refunded = state === 'REFUNDED' ? amountMinor : 0n;
    if (sumOf(rows, 'PAYMENT') !== debited || sumOf(rows, 'REFUND') !== refunded) {
      report('I19', `orders/${orderId} is ${state}, and other money moved`);
    }
  }
  for (const { userId, requestId, accountId, ledgerVersion } of payments.requests.committed()) {
    const account = payments.accounts.latest(userId);
    if (account?.id !== accountId || ledgerVersion > account.ledgerVersion) {
      report('I21', `${requestId} of ${userId} leads to entry ${ledgerVersion}`);
    }
  }
  const answers = payments.outbox.committed().filter(isAnswer);
  const answered = Map.groupBy(answers, ({ tx }) => tx);
  const received = Map.groupBy(payments.inbox.committed(), ({ tx }) => tx);
  for (const tx of new Set([...answered.keys(), ...received.keys()])) {
    const counts = [received, answered].map((of) => of.get(tx)?.length ?? 0);
    if (counts[0] !== counts[1]) report('I22', `${counts[0]} received, ${counts[1]} answered`);
  }
  const told = new Set(answers.map(({ about }) => about));
  for (const { orderId } of payments.payments.committed()) {
    if (!told.has(`orders/${orderId}`)) report('I22', `orders/${orderId} was decided, not told`);
  }
}

function isAnswer({ type, publication }: { type: string; publication: number }): boolean {
  return publication === 1 && /\.Payment(Captured|Failed|Voided|Refunded)$/.test(type);
}

const allowed = new Set(transitions.map(({ from, to }) => `${from} ${to}`));

function checkOrders({ tables: { orders } }: System, report: Report): void {
  const steps = Map.groupBy(orders.steps.committed(), ({ orderId }) => orderId);
  const outbox = orders.outbox.committed();
  const published = new Set(outbox.map(({ eventId }) => eventId));
  const asked = new Set(outbox.map(({ about, type }) => `${about} ${type.split('.').at(-1)}`));
  for (const order of orders.orders.committed()) {
    const name = `orders/${order.id}`;
    const own = (steps.get(order.id) ?? []).sort((a, b) => Number(a.version - b.version));
    if (isWaiting(order.state)) report('I7', `${name} is still ${order.state}`);
    let state: string | null = null;
    for (const [index, { version, fromState, toState, eventId }] of own.entries()) {
      const isAllowed = state === null ? toState === 'PENDING' : allowed.has(`${state} ${toState}`);
      if (version !== BigInt(index + 1) || fromState !== state || !isAllowed) {
        report('I8', `${name}: ${version} is a step from ${fromState} to ${toState}`);
      }
      state = toState;
      if (!published.has(eventId)) report('I10', `${name}: step ${version} was not told`);
      const request = { PENDING: 'PaymentRequested', CANCELLING: 'PaymentCancellationRequested' };
      const needs = request[toState as 'PENDING' | 'CANCELLING'] as string | undefined;
      if (needs && !asked.has(`${name} ${needs}`)) report('I10', `${name} has no ${needs}`);
    }
    const last = own.at(-1);
    if (last?.toState !== order.state || last.version !== order.version) {
      report('I17', `${name} is ${order.state}, its history ${last?.toState}`);
    }
  }
  const keys = orders.requests.committed();
  const ids = new Set(keys.map(({ orderId }) => orderId));
  if (ids.size !== keys.length) report('I9', 'two keys lead to one order');
  for (const { orderId, userId, requestId } of keys) {
    const isThere = orders.orders.latest(orderId)?.userId === userId;
    if (!isThere) report('I9', `${requestId} of ${userId} leads to no order`);
  }
}

function checkBoth({ tables: { orders, payments } }: System, report: Report): void {
  const row = <T extends { userId: string; amountMinor: bigint; currencyCode: string }>(of: T) => ({
    user_id: of.userId,
    amount_minor: String(of.amountMinor),
    currency_code: of.currencyCode,
  });
  let paid = 0n;
  const ids = [...orders.orders.slots.keys(), ...payments.payments.slots.keys()];
  for (const id of new Set(ids)) {
    const order = orders.orders.latest(id);
    const payment = payments.payments.latest(id);
    // Somebody began to write it, and rolled back.
    if (!order && !payment) continue;
    const verdict = comparePair(
      order && { id, state: order.state, ...row(order) },
      payment && { order_id: id, state: payment.state, ...row(payment) },
    );
    const isBroken = verdict.kind === 'broken' || verdict.kind === 'look again';
    if (isBroken) report(verdict.invariant.id, `orders/${id}: ${verdict.what}`);
    const isDone = order && order.state !== 'FAILED' && order.state !== 'CANCELLED';
    if (verdict.kind === 'in flight' && order && !isWaiting(order.state)) {
      report(isDone ? paidOrders.id : endedOrders.id, `orders/${id} never agrees`);
    }
    if (order && paidStates.has(order.state)) paid += order.amountMinor;
  }
  const received = payments.transfers.committed().filter(({ kind }) => kind !== 'TOP_UP');
  const total = received.reduce((sum, it) => sum - signedAmount(it), 0n);
  const waits = orders.orders.committed().some(({ state }) => isWaiting(state));
  if (total !== paid && !waits) report(sales.id, `${total} received, ${paid} ordered`);
}

function checkMessages({ system, history, poisons }: Evidence, report: Report): void {
  for (const service of ['orders', 'payments'] as const) {
    const tables: OutboxTables = system.tables[service];
    const { engine } = system.databases[service];
    const relay = tables.relay.latest('')!;
    const at = { engine, transaction: engine.begin(), snapshot: Number.POSITIVE_INFINITY };
    const letters = tables.deadLetters.committed();
    const buried = new Set(
      letters.flatMap(({ source, eventId }) => (source === 'outbox' ? eventId : [])),
    );
    for (const row of tables.outbox.committed()) {
      const { eventId, publication, type } = row;
      const name = `${service}: ${type} ${eventId}:${publication}`;
      const isDone = isPublished(at, row, relay);
      if (!isDone) report('I11', `${name} is not published`);
      const isKnown = buried.has(eventId) || history.wasAcknowledged(eventId, publication);
      if (isDone && !isKnown) report(historyInvariants.published.id, `${name} was never stored`);
    }
    engine.rollBack(at.transaction);
    for (const { eventId, source, cause } of letters) {
      if (poisons.has(eventId ?? '')) continue;
      report('I12', `${service}: a dead letter of ${source}: ${cause}`);
    }
    const rows = new Set(tables.outbox.slots.keys());
    for (const { headers } of system.broker.disk.find(service)?.messages ?? []) {
      const key = headers.get('Nats-Msg-Id')!;
      const isOurs = rows.has(key) || poisons.has(key.split(':')[0]!);
      if (!isOurs) report(streams.id, `${key} has no row`);
    }
  }
  if (!system.broker.disk.drained) report('I12', 'messages are still delivered again and again');
}

function checkClients({ system, clients }: Evidence, report: Report): void {
  const { orders, payments } = system.tables;
  const broken = (detail: string) => report(historyInvariants.answered.id, detail);
  for (const { what, key, user, order, answer } of clients.calls) {
    const call = `${what} ${key} of ${user}`;
    if (answer === undefined) broken(`${call} was never answered`);
    else if (what === 'top up') {
      const isThere = payments.requests.latest(`${user}|${key}`) !== undefined;
      if (answer.ok !== isThere) broken(`${call} was answered ${JSON.stringify(answer.ok)}`);
    } else if (what === 'create' && answer.ok) {
      const id = (answer.value as Order).name.slice(7);
      const row = orders.orders.latest(id);
      const stored = orders.requests.latest(`${user}|${key}`)?.orderId;
      const isRight = row?.userId === user && row.amountMinor === order!.amountMinor;
      if (!isRight || stored !== id) broken(`${call} was answered with orders/${id}`);
    } else if (what === 'cancel') {
      const state = orders.orders.latest(key.slice(7))?.state ?? '';
      const isRight = answer.ok ? state.startsWith('CANCELL') : state === 'FAILED';
      if (!isRight) broken(`${call} was ${answer.ok ? 'accepted' : 'refused'}, it is ${state}`);
    }
  }
  const topUps = payments.transfers.committed().filter(({ kind }) => kind === 'TOP_UP');
  const openings = payments.accounts.committed().length;
  const keys = payments.requests.committed().length;
  if (topUps.length !== openings + keys) broken(`${topUps.length} top-ups for ${keys} keys`);
}
