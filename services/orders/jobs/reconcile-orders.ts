import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { methods } from '#gen/methods.ts';
import {
  type Payment,
  Payment_FailureReason,
  Payment_State,
} from '#gen/purser/payments/v1/payment.ts';
import { isolate } from '#lib/batch/isolate.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { insertEvents } from '#lib/outbox/insert-events.ts';
import { republish } from '#lib/outbox/republish.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { applyChanges } from '../apply-changes.ts';
import type { OrderChange } from '../domain/change-orders.ts';
import { type PaymentAnswer, remedyOf } from '../domain/reconcile.ts';
import { countSteps } from '../order-metrics.ts';
import { paymentCancellationRequested, paymentRequested } from '../published.ts';
import { claimWaitingOrders, noteRound, type WaitingOrder } from '../sql/claim-waiting-orders.ts';
import { selectRequests } from '../sql/select-requests.ts';
import { timePayments } from '../payment-metrics.ts';
import { asked, healed, resent, unanswered } from './reconcile-metrics.ts';

const intervalMs = 1_000;

/** Payments reads 500 rows by their keys in a few milliseconds. */
const askTimeoutMs = 3_000;

/** Who asks: Orders, for all its users at once. */
const ownUserId = 'purser-orders';

const method = methods['/purser.payments.v1.PaymentService/BatchGetPayments'];

/** What the history says of a change that no message brought. */
const reason = 'Payments was asked: its message had not arrived.';

/**
 * Mends what the broker has lost: an order that waits too long is asked for in Payments. What was
 * decided there is applied as if the event had come; what Payments does not know is requested once
 * more. No transaction is open while Payments is asked, and everything here may happen twice.
 *
 * It cannot storm: over all instances at most one round of 500 orders a second; each order every
 * 40 s or so; while Payments does not answer, one order every 15 s; nothing is sent again that the
 * broker has not taken yet.
 */
export function reconcileOrders(deps: ServiceDeps): Job {
  return { name: 'reconcile-orders', intervalMs, run: (signal) => runRound(deps, signal) };
}

async function runRound(deps: ServiceDeps, signal: AbortSignal): Promise<void> {
  const { database, clock, log } = deps;
  const orders = await database.single((tx) => claimWaitingOrders(tx, clock()));
  if (orders.length === 0) return;
  const payments = await askPayments(deps, orders, signal);
  if (signal.aborted) return;
  const failures = await database.single((tx) => noteRound(tx, payments !== undefined, clock()));
  if (payments === undefined) {
    unanswered.inc();
    log.warn({ failures }, 'orders wait too long, and Payments does not answer');
    return;
  }
  asked.inc(orders.length);
  const changes: OrderChange[] = [];
  const open: WaitingOrder[] = [];
  for (const order of orders) {
    const remedy = remedyOf(order.state, payments.get(order.id));
    if (remedy.kind === 'request') open.push(order);
    else changes.push({ ...remedy, orderId: order.id, ...byPayments });
  }
  await isolate(
    changes,
    (part) => heal(deps, part),
    (change, error) => log.error({ change, error }, 'an order could not be healed'),
  );
  await requestAgain(deps, open);
}

const byPayments = {
  actor: 'PAYMENTS',
  actorUserId: null,
  reason,
  causeEventId: null,
  traceparent: undefined,
} as const;

/** Undefined when Payments does not answer. An order that it has not decided is left out. */
async function askPayments(
  { upstreams, log }: ServiceDeps,
  orders: readonly WaitingOrder[],
  signal: AbortSignal,
): Promise<Map<string, PaymentAnswer> | undefined> {
  const names = orders.map(({ id }) => `${orderName(id)}/payment`);
  try {
    const { payments } = await upstreams.get('payments')!.unary(
      method,
      { names },
      {
        userId: ownUserId,
        userRole: 'staff',
        requestId: randomUUID(),
        deadline: new Date(Date.now() + askTimeoutMs),
        signal,
      },
    );
    return new Map(payments.map((payment) => [payment.order.slice(7), answerOf(payment)]));
  } catch (error) {
    log.debug({ error }, 'Payments did not answer');
    return undefined;
  }
}

function answerOf({ state, failureReason }: Payment): PaymentAnswer {
  return {
    state: enumName(Payment_State, state) as PaymentAnswer['state'],
    failureReason: failureReason > 0 ? enumName(Payment_FailureReason, failureReason) : null,
  };
}

async function heal(
  { database, clock, committed, log }: ServiceDeps,
  changes: readonly OrderChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const { steps, refused, orders } = await database.transaction((tx) =>
    applyChanges(tx, changes, { now: clock() }),
  );
  committed();
  countSteps(steps);
  for (const { to } of steps) healed.inc({ state: to });
  timePayments(steps, orders, clock());
  for (const change of refused) log.error({ change }, 'Payments contradicts the order');
  if (steps.length > 0) log.warn({ count: steps.length }, 'results were lost and are applied');
}

/** Publishes once more what asked for the orders' payments, or for their undoing. */
async function requestAgain(
  { database, committed, log }: ServiceDeps,
  orders: readonly WaitingOrder[],
): Promise<void> {
  if (orders.length === 0) return;
  const counts = await database.transaction((tx) => requestAgainIn(tx, orders));
  committed();
  for (const [type, count] of counts) resent.inc({ type }, count);
  if (counts.size > 0) {
    log.warn({ counts: Object.fromEntries(counts) }, 'requests were lost and are sent again');
  }
}

/** How many were sent, by type. What the broker has not taken yet is not sent once more. */
async function requestAgainIn(
  tx: Tx,
  orders: readonly WaitingOrder[],
): Promise<Map<string, number>> {
  const wanted = orders.map((order) => ({ ...order, type: eventOf(order).type }));
  const requests = await selectRequests(tx, wanted);
  const known = [...requests.values()].filter((eventId) => eventId !== null);
  const outcomes = await republish(tx, known);
  const lost = wanted.filter(({ id }) => requests.get(id) === null);
  await insertEvents(tx, lost.map(newRequest));
  const sent = wanted.filter(({ id }) => {
    const eventId = requests.get(id);
    return eventId === null || (eventId && outcomes.get(eventId) === 'republished');
  });
  const byType = Map.groupBy(sent, ({ type }) => type);
  return new Map([...byType].map(([type, list]) => [type, list.length]));
}

function eventOf({ state }: WaitingOrder) {
  return state === 'PENDING' ? paymentRequested : paymentCancellationRequested;
}

/**
 * The request made anew from the order, when its message has left the outbox. Payments decides an
 * order once, whatever the events are called that ask for it.
 */
function newRequest(order: WaitingOrder): OutboxEvent {
  const { id, userId, amountMinor, currencyCode, requestTime } = order;
  const about = orderName(id);
  const message = { order: about, userId, amount: { currencyCode, amountMinor }, requestTime };
  return eventOf(order).toOutbox({ eventId: randomUUIDv7(), userId, about, message });
}
