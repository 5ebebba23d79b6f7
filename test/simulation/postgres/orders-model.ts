import { transitions } from '../../../services/orders/domain/order-state.ts';
import type { WaitingState } from '../../../services/orders/domain/reconcile.ts';
import { waitMsMax, waitingStates } from '../../../services/orders/domain/reconcile.ts';
import type { OrderRow } from '../../../services/orders/schema/order.ts';
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

export type StoredOrder = OrderRow & { checkMs: number; checks: number };

export interface StoredStep {
  orderId: string;
  version: bigint;
  eventId: string;
  fromState: string | null;
  toState: string;
  failureReason: string | null;
  causeEventId: string | null;
  createTime: Date;
}

interface StoredKey {
  userId: string;
  requestId: string;
  fingerprint: Buffer;
  orderId: string;
}

/** The tables of Orders. */
export class OrdersTables extends OutboxTables {
  readonly orders = new Table<StoredOrder>();
  /** By order and version. */
  readonly steps = new Table<StoredStep>();
  /** By user and request id. */
  readonly requests = new Table<StoredKey>();
  readonly reconciler = new Table<{ nextRoundMs: number; failures: number }>();

  constructor() {
    super();
    this.reconciler.preset('', { nextRoundMs: Number.NEGATIVE_INFINITY, failures: 0 });
  }
}

/** Models of the statements in services/orders/sql, by their names. */
export function ordersStatements(tables: OrdersTables): Record<string, StatementModel> {
  return {
    ...outboxStatements(tables),
    insert_orders: (at, values) => insertOrders(at, tables, values),
    lock_orders: (at, values) => lockOrders(at, tables, values),
    select_orders: (at, values) => selectOrders(at, tables, values),
    write_steps: (at, values) => writeSteps(at, tables, values),
    claim_waiting_orders: (at, values) => claimWaitingOrders(at, tables, values),
    note_round: (at, values) => noteRound(at, tables, values),
    select_requests: (at, values) => selectRequests(at, tables, values),
  };
}

export function isWaiting(state: string): state is WaitingState {
  return (waitingStates as readonly string[]).includes(state);
}

/** Numbers begin at 1, as in the statement's text. */
function parameter(values: readonly any[], number: number): any {
  return values[number - 1];
}

function* insertOrders(at: Execution, tables: OrdersTables, values: readonly any[]): Running {
  const [ids, userIds, requestIds, fingerprints, amounts, currencies, texts, times, eventIds] =
    values;
  const keyed = (ids as string[]).map((_, index) => index).filter((n) => requestIds[n] !== null);
  const keyOf = (n: number) => `${userIds[n]}|${requestIds[n]}`;
  keyed.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const outcomes = (ids as string[]).map((orderId, n) => ({
    created: true,
    orderId,
    fingerprint: fingerprints[n] as Buffer,
  }));
  for (const n of keyed) {
    const [userId, requestId] = [userIds[n], requestIds[n]];
    const key = { userId, requestId, fingerprint: fingerprints[n], orderId: ids[n] };
    if (yield* tables.requests.insert(at, keyOf(n), key)) continue;
    // `do update` locks and returns the row that is there, whatever the snapshot shows.
    const newest = { ...at, snapshot: Number.POSITIVE_INFINITY };
    const { orderId, fingerprint } = (yield* tables.requests.lock(newest, keyOf(n)))!;
    outcomes[n] = { created: orderId === ids[n], orderId, fingerprint };
  }
  for (const [n, id] of (ids as string[]).entries()) {
    if (!outcomes[n]!.created) continue;
    const createTime: Date = times[n];
    const step = { orderId: id, version: 1n, eventId: eventIds[n], createTime };
    const states = { fromState: null, toState: 'PENDING' };
    const cause = { failureReason: null, causeEventId: null };
    const first = { ...step, ...states, ...cause };
    // Both are of one transaction, so that an id that is taken is taken in both.
    if (!(yield* tables.steps.insert(at, `${id}:1`, first))) {
      throw uniqueViolation('order_events_pkey');
    }
    yield* tables.orders.insert(at, id, {
      id,
      userId: userIds[n],
      state: 'PENDING',
      failureReason: null,
      amountMinor: amounts[n],
      currencyCode: currencies[n],
      description: texts[n],
      version: 1n,
      createTime,
      updateTime: createTime,
      carrier: null,
      trackingCode: null,
      lineCount: parameter(values, 18)[n],
      checkMs: createTime.getTime() + waitMsMax,
      checks: 0,
    } as StoredOrder);
  }
  const owners: string[] = parameter(values, 10);
  const created = new Set(outcomes.flatMap(({ created: is, orderId }) => (is ? [orderId] : [])));
  yield* insertOutboxRows(at, tables, values.slice(10, 16), (n) => created.has(owners[n]!));
  return outcomes;
}

function* lockOrders(at: Execution, { orders }: OrdersTables, [ids]: readonly any[]): Running {
  const rows: StoredOrder[] = [];
  for (const id of [...new Set(ids as string[])].sort()) {
    const row = yield* orders.lock(at, id);
    if (row) rows.push(row);
  }
  return rows;
}

// eslint-disable-next-line require-yield
function* selectOrders(at: Execution, { orders }: OrdersTables, [ids]: readonly any[]): Running {
  return [...new Set(ids as string[])].flatMap((id) => orders.seen(at, id) ?? []);
}

const allowed = new Set(transitions.map(({ from, to }) => `${from} ${to}`));

interface Step {
  index: number;
  orderId: string;
  version: bigint;
  from: string;
  to: string;
}

/** The mutant that guards nothing sets `guarded` to false. */
export function* writeSteps(
  at: Execution,
  tables: OrdersTables,
  values: readonly any[],
  { guarded = true } = {},
): Running {
  const now: Date = parameter(values, 15);
  const input: Step[] = (values[0] as string[])
    .map((orderId, index) => {
      const [version, from, to] = [values[1][index], values[2][index], values[3][index]];
      return { index, orderId, version, from, to };
    })
    .filter(({ from, to }) => !guarded || allowed.has(`${from} ${to}`));
  const written = new Set<string>();
  for (const [orderId, steps] of Map.groupBy(input, (step) => step.orderId)) {
    const inOrder = steps.toSorted((a, b) => Number(a.version - b.version));
    const [first, last] = [inOrder[0]!, inOrder.at(-1)!];
    const old = yield* tables.orders.lock(
      at,
      orderId,
      ({ version, state }) => !guarded || (version === first.version - 1n && state === first.from),
    );
    if (!old) continue;
    const failureReason: string | null = values[4][last.index];
    if ((last.to === 'FAILED') !== (failureReason !== null)) {
      throw checkViolation('orders_failed_with_reason');
    }
    tables.orders.write(orderId, {
      ...old,
      state: last.to as StoredOrder['state'],
      failureReason,
      version: last.version,
      updateTime: now,
      carrier: maxText(steps.map(({ index }) => values[10][index])) ?? old.carrier ?? null,
      trackingCode:
        maxText(steps.map(({ index }) => values[11][index])) ?? old.trackingCode ?? null,
      checkMs: now.getTime() + waitMsMax,
      checks: 0,
    });
    for (const { index, version, from, to } of steps) {
      const eventId: string = values[8][index];
      const isNew = yield* tables.steps.insert(at, `${orderId}:${version}`, {
        orderId,
        version,
        eventId,
        fromState: from,
        toState: to,
        failureReason: values[4][index],
        causeEventId: values[9][index],
        createTime: now,
      });
      if (!isNew && guarded) throw uniqueViolation('order_events_pkey');
      written.add(eventId);
    }
  }
  const owners: string[] = parameter(values, 16);
  yield* insertOutboxRows(at, tables, values.slice(16, 22), (n) => written.has(owners[n]!));
  return [{ written: BigInt(written.size) }];
}

function maxText(texts: readonly (string | null)[]): string | null {
  return texts.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}

function jittered(at: Execution, ms: number): number {
  return (0.75 + at.engine.random() / 2) * ms;
}

function* claimWaitingOrders(at: Execution, tables: OrdersTables, values: readonly any[]): Running {
  const [now, roundMs, sizeMax, pauseMs] = values as [Date, number, number, number];
  const nowMs = now.getTime();
  const isDue = ({ state, checkMs }: StoredOrder) => isWaiting(state) && checkMs <= nowMs;
  const due = [...tables.orders.rows(at)].filter(isDue).sort((a, b) => a.checkMs - b.checkMs);
  if (due.length === 0) return [];
  const turn = yield* tables.reconciler.lock(at, '', ({ nextRoundMs }) => nextRoundMs <= nowMs);
  if (!turn) return [];
  tables.reconciler.write('', { ...turn, nextRoundMs: nowMs + roundMs });
  const limit = turn.failures === 0 ? sizeMax : 1;
  const claimed: unknown[] = [];
  for (const { id } of due) {
    if (claimed.length === limit) break;
    if (tables.orders.isLocked(at, id)) continue;
    const row = yield* tables.orders.lock(at, id, isDue);
    if (!row) continue;
    const { userId, state, amountMinor, currencyCode, updateTime: requestTime } = row;
    const checkMs = nowMs + jittered(at, pauseMs);
    tables.orders.write(id, { ...row, checks: row.checks + 1, checkMs });
    claimed.push({ id, userId, state, amountMinor, currencyCode, requestTime });
  }
  return claimed;
}

function* noteRound(at: Execution, { reconciler }: OrdersTables, values: readonly any[]): Running {
  const [now, answered, firstMs, lastMs] = values as [Date, boolean, number, number];
  const row = yield* reconciler.lock(at, '', ({ failures }) => failures > 0 || !answered);
  if (!row) return [];
  const failures = answered ? 0 : row.failures + 1;
  const pauseMs = Math.min(firstMs * 2 ** Math.min(row.failures, 20), lastMs);
  const nextRoundMs = answered ? row.nextRoundMs : now.getTime() + jittered(at, pauseMs);
  reconciler.write('', { failures, nextRoundMs });
  return [{ failures }];
}

// eslint-disable-next-line require-yield
function* selectRequests(at: Execution, tables: OrdersTables, values: readonly any[]): Running {
  const [ids, states, types] = values as [string[], string[], string[]];
  const outbox = [...tables.outbox.rows(at)];
  return ids.flatMap((orderId, n) => {
    const order = tables.orders.seen(at, orderId);
    if (order?.state !== states[n]) return [];
    const step = tables.steps.seen(at, `${orderId}:${order!.version}`);
    if (!step) return [];
    const known = tables.outbox.seen(at, `${step.eventId}:1`);
    const found = outbox.filter(
      ({ tx, about, type }) =>
        tx === known?.tx && about === `orders/${orderId}` && type === types[n],
    );
    const eventIds = found.length === 0 ? [null] : found.map(({ eventId }) => eventId);
    return eventIds.map((eventId) => ({ orderId, eventId }));
  });
}
