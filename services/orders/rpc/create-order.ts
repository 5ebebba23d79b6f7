import { randomUUIDv7 } from 'node:crypto';
import {
  type Order,
  Order_FailureReason,
  Order_State,
  type OrderLine,
} from '#gen/purser/orders/v1/order.ts';
import { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { Batcher } from '#lib/batch/batcher.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import { fingerprint } from '#lib/idempotency/fingerprint.ts';
import { sortMembers } from '#lib/idempotency/sort-members.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { collapseKeys } from '../domain/collapse-keys.ts';
import { priceOrder } from '../domain/order-lines.ts';
import { countCreated } from '../order-metrics.ts';
import { orderStateChanged, paymentRequested } from '../published.ts';
import { insertOrders, type OrderInsert } from '../sql/insert-orders.ts';
import { selectOrders } from '../sql/lock-orders.ts';
import { orderMessage } from './order-message.ts';

const methodPath = '/purser.orders.v1.OrderService/CreateOrder';

type Deps = Pick<ServiceDeps, 'database' | 'clock' | 'timing' | 'committed'>;

/** Concurrent creates share a statement and a commit. */
export function createOrder(deps: Deps): Handler<CreateOrderRequest, Order> {
  const batcher = new Batcher<OrderInsert, Order>({
    name: 'create-order',
    run: (orders) => insertBatch(deps, orders),
    sizeMax: 200,
    queueMax: 5_000,
    // At half load 15 % less CPU for all that follows, for 3 ms; one caller alone never waits.
    gatherMsMax: 6,
    timing: deps.timing,
  });
  return async (request, call) => batcher.submit(orderInsert(request, call, deps.clock()), call);
}

async function insertBatch(deps: Deps, orders: OrderInsert[]): Promise<(Order | Error)[]> {
  const { distinct, leaders } = collapseKeys(orders);
  if (isDrill) await failpoint('create.received');
  const stored = await deps.database.single((tx) => insertOrders(tx, distinct));
  if (isDrill) await failpoint('create.committed');
  deps.committed();
  if (isDrill) await failpoint('create.known');
  countCreated(new Set(stored.flatMap(({ created, orderId }) => (created ? [orderId] : []))).size);

  const outcomes = orders.map((order, index) => {
    const { created, orderId, fingerprint: first } = stored[leaders[index]!]!;
    if (created && orderId === order.id) return { order };
    return first.equals(order.fingerprint)
      ? { replayedId: orderId }
      : { reusedKey: order.requestId ?? '' };
  });
  const replayed = await selectReplayed(
    deps,
    outcomes.flatMap(({ replayedId }) => replayedId ?? []),
  );
  return outcomes.map(({ order, replayedId, reusedKey }) => {
    if (order) return newOrderMessage(order);
    if (replayedId) return replayed(replayedId);
    return new PurserError('IDEMPOTENCY_KEY_REUSED', { request_id: reusedKey ?? '' });
  });
}

/**
 * The orders that replayed keys stand for, as they are now. A failure becomes the outcome of the
 * replayed inputs alone: the batch is committed, and throwing would make the batcher run it again.
 */
async function selectReplayed(deps: Deps, ids: string[]): Promise<(id: string) => Order | Error> {
  if (ids.length === 0) return () => new Error('nothing was replayed');
  try {
    const rows = await deps.database.single((tx) => selectOrders(tx, [...new Set(ids)]));
    const orders = new Map(rows.map((row) => [row.id, orderMessage(row)]));
    return (id) => orders.get(id) ?? new Error(`the order ${id} of a known key is gone`);
  } catch (error) {
    return () => (error instanceof Error ? error : new Error(String(error)));
  }
}

/** Throws INVALID_REQUEST when the amount and the lines make no price. */
function orderInsert(
  request: CreateOrderRequest,
  { userId, traceparent }: CallContext,
  now: Date,
): OrderInsert {
  const wanted = withSortedAttributes(request.order!);
  const priced = priceOrder(wanted);
  if (Array.isArray(priced)) throw new PurserError('INVALID_REQUEST', {}, { violations: priced });
  const content = CreateOrderRequest.encode({ order: wanted, requestId: '' }).finish();
  const order = {
    id: randomUUIDv7(),
    userId,
    requestId: request.requestId || null,
    fingerprint: fingerprint(methodPath, content),
    amountMinor: priced.amount.amountMinor,
    currencyCode: priced.amount.currencyCode,
    description: wanted.description,
    lines: priced.lines.length > 0 ? priced.lines : null,
    lineCount: priced.lines.length,
    recipient: wanted.recipient ?? null,
    createTime: now,
    eventId: randomUUIDv7(),
  };
  return { ...order, events: creationEvents(order, traceparent) };
}

function withSortedAttributes(order: Order): Order {
  const sorted = (line: OrderLine) => ({ ...line, attributes: sortMembers(line.attributes) });
  return order.lines.length === 0 ? order : { ...order, lines: order.lines.map(sorted) };
}

function creationEvents(
  order: Omit<OrderInsert, 'events'>,
  traceparent: string | undefined,
): OutboxEvent[] {
  const { userId, createTime } = order;
  const name = orderName(order.id);
  const amount = { currencyCode: order.currencyCode, amountMinor: order.amountMinor };
  return [
    paymentRequested.toOutbox({
      eventId: randomUUIDv7(),
      userId,
      about: name,
      traceparent,
      message: { order: name, userId, amount, requestTime: createTime },
    }),
    orderStateChanged.toOutbox({
      eventId: order.eventId,
      userId,
      about: name,
      traceparent,
      message: {
        order: name,
        userId,
        previousState: Order_State.STATE_UNSPECIFIED,
        state: Order_State.PENDING,
        failureReason: Order_FailureReason.FAILURE_REASON_UNSPECIFIED,
        amount,
        version: 1n,
        changeTime: createTime,
      },
    }),
  ];
}

function newOrderMessage(order: OrderInsert): Order {
  return orderMessage({
    ...order,
    state: 'PENDING',
    failureReason: null,
    version: 1n,
    updateTime: order.createTime,
    carrier: null,
    trackingCode: null,
  });
}
