import { Order_State } from '#gen/purser/orders/v1/order.ts';
import type { ListOrdersRequest, ListOrdersResponse } from '#gen/purser/orders/v1/order_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import { isUuid } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { parseOrderFilter } from '../domain/order-filter.ts';
import { OrderRow } from '../schema/order.ts';
import { orderMessage } from './order-message.ts';

const states = Object.keys(Order_State).filter(
  (name) => !/^(STATE_UNSPECIFIED|UNRECOGNIZED)$/.test(name),
);

/**
 * Newest first by id: ids are UUIDs of version 7, so that the key of a page's last row is all a
 * token needs.
 */
export function listOrders({
  database,
}: ServiceDeps): Handler<ListOrdersRequest, ListOrdersResponse> {
  return async (request, { userId, signal }) => {
    const filter = parseOrderFilter(request.filter, states);
    if (typeof filter === 'string') {
      const violations = [{ field: 'filter', description: filter }];
      throw new PurserError('INVALID_REQUEST', {}, { violations });
    }
    const scope = ['ListOrders', userId, JSON.stringify(filter)];
    const after = readPageToken(request.pageToken, scope, isUuid);
    const size = pageSize(request.pageSize);
    const rows = await database
      .reader(signal)
      .find(
        OrderRow,
        { userId, ...filter, ...(after && { id: { $lt: after } }) },
        { orderBy: { id: 'desc' }, limit: size + 1 },
      );
    const { page, lastKey } = takePage(rows, size, ({ id }) => id);
    return {
      orders: page.map(orderMessage),
      nextPageToken: lastKey ? writePageToken(lastKey, scope) : '',
    };
  };
}
