import type { EntityManager } from '@mikro-orm/postgresql';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import type { ListOrdersRequest, ListOrdersResponse } from '#gen/purser/orders/v1/order_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { enumNames } from '#lib/contract/enum-names.ts';
import { type Condition, parseFilter } from '#lib/paging/filter.ts';
import { parseOrderBy } from '#lib/paging/order-by.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import { isUuid } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { OrderRow } from '../schema/order.ts';
import { type PageOfOrders, selectPage } from '../sql/select-page.ts';
import { orderMessage } from './order-message.ts';

const filterFields = {
  state: { property: 'state', names: enumNames(Order_State) },
  create_time: { property: 'createTime' },
};

/**
 * By id: ids are UUIDs of version 7, which sort like their times, so that the key of a page's last
 * row is all a token needs.
 */
export function listOrders({
  database,
}: ServiceDeps): Handler<ListOrdersRequest, ListOrdersResponse> {
  return async (request, { userId, signal }) => {
    const condition = parseFilter(request.filter, filterFields);
    const direction = parseOrderBy(request.orderBy, 'create_time');
    const scope = ['ListOrders', userId, JSON.stringify(condition ?? {}), direction];
    const after = readPageToken(request.pageToken, scope, isUuid);
    const size = pageSize(request.pageSize);
    const place = { userId, direction, after, limit: size + 1 };
    const rows = condition
      ? await findOrders(database.reader(signal), condition, place)
      : await database.read(signal, (tx) => selectPage(tx, place));
    const { page, lastKey } = takePage(rows, size, ({ id }) => id);
    return {
      orders: page.map(orderMessage),
      nextPageToken: lastKey ? writePageToken(lastKey, scope) : '',
    };
  };
}

/** A filter is one of endlessly many, for which no statement stands ready. */
function findOrders(
  reader: EntityManager,
  condition: Condition,
  { userId, direction, after, limit }: PageOfOrders,
): Promise<OrderRow[]> {
  const beyond = direction === 'desc' ? '$lt' : '$gt';
  const conditions = [{ userId }, condition, after ? { id: { [beyond]: after } } : {}];
  return reader.find(OrderRow, { $and: conditions }, { orderBy: { id: direction }, limit });
}
