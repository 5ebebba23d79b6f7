import { methods } from '#gen/methods.ts';
import type { TraceOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import type { OrderTrace } from '#gen/purser/orders/v1/order_trace.ts';
import type { Hop } from '#gen/purser/type/v1/hop.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import { type OutboxMessage, selectMessages } from '#lib/outbox/select-messages.ts';
import { orderIdOf, orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { hop, streamedHops, writtenHop } from '#lib/trace/hops.ts';
import { OrderRow } from '../schema/order.ts';
import { OrderEventRow } from '../schema/order-event.ts';
import { askBriefly } from './ask-briefly.ts';
import { requireVisible } from './require-visible.ts';

/** Puts the marks in Orders' own tables and those that the others tell of into one sequence. */
export function traceOrder(deps: ServiceDeps): Handler<TraceOrderRequest, OrderTrace> {
  return async ({ name }, call) => {
    const id = orderIdOf(name);
    const reader = deps.database.reader(call.signal);
    const order = id ? await reader.findOne(OrderRow, { id }) : undefined;
    requireVisible(order, name, call);
    const orderBy = { version: 'asc' } as const;
    const history = await reader.find(OrderEventRow, { orderId: order.id }, { orderBy });
    const known = history.map(({ eventId }) => eventId);
    const messages = await deps.database.single((tx) =>
      selectMessages(tx, orderName(order.id), known),
    );
    const seen = { order, history, messages };
    const [payments, notifications] = await Promise.all([
      askPayments(deps, seen, call),
      askNotifications(deps, seen, call),
    ]);
    const hops = [...ownHops(history, messages), ...(payments ?? []), ...(notifications ?? [])];
    return {
      order: orderName(order.id),
      hops: hops.toSorted((a, b) => a.time!.getTime() - b.time!.getTime()),
      paymentsAnswered: payments !== undefined,
      notificationsAnswered: notifications !== undefined,
    };
  };
}

/** Causes before effects: the sort by time is stable. */
function ownHops(history: readonly OrderEventRow[], messages: readonly OutboxMessage[]): Hop[] {
  const changes = history.flatMap((event) => {
    const { toState: subject, version: number, createTime: time, causeEventId } = event;
    if (!causeEventId) {
      const kind = event.actor === 'PAYMENTS' ? 'CHANGED' : 'ACCEPTED';
      return hop(kind, 'orders', { time, subject, number });
    }
    return [
      ...streamedHops(causeEventId, event.causeStreamSequence, event.causeStreamTime),
      hop('CHANGED', 'orders', { time, subject, number, eventId: causeEventId }),
    ];
  });
  return [...changes, ...messages.map((message) => writtenHop('orders', message))];
}

/** Most events that one question names; an order has a handful. */
const eventIdsMax = 100;

/** What Orders itself knows of an order. */
interface Known {
  order: OrderRow;
  history: OrderEventRow[];
  messages: OutboxMessage[];
}

/** Undefined when Payments does not answer. */
async function askPayments(
  deps: ServiceDeps,
  known: Known,
  call: CallContext,
): Promise<Hop[] | undefined> {
  const { order, history, messages } = known;
  const request = {
    name: `${orderName(order.id)}/payment`,
    eventIds: [
      ...messages.map(({ eventId }) => eventId),
      ...history.flatMap(({ causeEventId }) => causeEventId ?? []),
    ].slice(0, eventIdsMax),
  };
  const method = methods['/purser.payments.v1.PaymentService/TracePayment'];
  const answer = await askBriefly(deps, { method, request, userId: order.userId }, call);
  return answer?.hops;
}

/** Undefined when Notifications does not answer. */
async function askNotifications(
  deps: ServiceDeps,
  { order, messages }: Known,
  call: CallContext,
): Promise<Hop[] | undefined> {
  const changes = messages.filter(({ type }) => type === 'purser.orders.v1.OrderStateChanged');
  const request = { eventIds: changes.map(({ eventId }) => eventId).slice(0, eventIdsMax) };
  const method = methods['/purser.notifications.v1.LiveService/TraceChanges'];
  const answer = await askBriefly(deps, { method, request, userId: order.userId }, call);
  return answer?.hops;
}
