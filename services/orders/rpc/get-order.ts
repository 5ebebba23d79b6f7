import type { EntityManager } from '@mikro-orm/postgresql';
import type { Order } from '#gen/purser/orders/v1/order.ts';
import type { GetOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { orderAsOf } from '../domain/order-as-of.ts';
import type { OrderRow } from '../schema/order.ts';
import { OrderEventRow } from '../schema/order-event.ts';
import { selectOrders } from '../sql/lock-orders.ts';
import { orderMessage } from './order-message.ts';

/**
 * An order of another user, and a name that no order can have, answer like an order that does not
 * exist.
 */
export function getOrder({ database }: ServiceDeps): Handler<GetOrderRequest, Order> {
  return async ({ name, asOf }, { userId, signal }) => {
    const id = orderIdOf(name);
    const [row] = id ? await database.read(signal, (tx) => selectOrders(tx, [id])) : [];
    const own = row?.userId === userId ? row : undefined;
    const wanted = own && asOf ? await past(database.reader(signal), own, asOf) : own;
    if (!wanted) throw new PurserError('ORDER_NOT_FOUND', { order: name });
    return orderMessage(wanted);
  };
}

async function past(
  reader: EntityManager,
  order: OrderRow,
  asOf: Date,
): Promise<OrderRow | undefined> {
  const orderBy = { version: 'asc' } as const;
  const events = await reader.find(OrderEventRow, { orderId: order.id }, { orderBy });
  return orderAsOf(order, events, asOf);
}
