import { type OrderEvent, Order_State, OrderEvent_Actor } from '#gen/purser/orders/v1/order.ts';
import type {
  ListOrderEventsRequest,
  ListOrderEventsResponse,
} from '#gen/purser/orders/v1/order_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import { isVersion } from '#lib/paging/is-version.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { OrderRow } from '../schema/order.ts';
import { OrderEventRow } from '../schema/order-event.ts';
import { failureReasonValue } from './order-message.ts';
import { requireVisible } from './require-visible.ts';

/**
 * Oldest first by version, which counts an order's changes without a gap. Staff see every order's.
 */
export function listOrderEvents({
  database,
}: ServiceDeps): Handler<ListOrderEventsRequest, ListOrderEventsResponse> {
  return async (request, call) => {
    const scope = ['ListOrderEvents', call.userId, request.parent];
    const after = readPageToken(request.pageToken, scope, isVersion);
    const reader = database.reader(call.signal);
    const orderId = orderIdOf(request.parent);
    const order = orderId ? await reader.findOne(OrderRow, { id: orderId }) : undefined;
    requireVisible(order, request.parent, call);
    const size = pageSize(request.pageSize);
    const rows = await reader.find(
      OrderEventRow,
      { orderId: order.id, ...(after && { version: { $gt: BigInt(after) } }) },
      { orderBy: { version: 'asc' }, limit: size + 1 },
    );
    const { page, lastKey } = takePage(rows, size, ({ version }) => String(version));
    const nextPageToken = lastKey ? writePageToken(lastKey, scope) : '';
    return { events: page.map(orderEventMessage), nextPageToken };
  };
}

function orderEventMessage(row: OrderEventRow): OrderEvent {
  return {
    eventId: row.eventId,
    version: row.version,
    previousState: Order_State[row.fromState ?? 'STATE_UNSPECIFIED'],
    state: Order_State[row.toState],
    failureReason: failureReasonValue(row.failureReason),
    actor: OrderEvent_Actor[row.actor],
    actorUserId: row.actorUserId ?? '',
    reason: row.reason,
    createTime: row.createTime,
  };
}
