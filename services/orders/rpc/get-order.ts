import type { Order } from '#gen/purser/orders/v1/order.ts';
import type { GetOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { OrderRow } from '../schema/order.ts';
import { orderMessage } from './order-message.ts';

/**
 * An order of another user, and a name that no order can have, answer like an order that does not
 * exist.
 */
export function getOrder({ database }: ServiceDeps): Handler<GetOrderRequest, Order> {
  return async ({ name }, { userId, signal }) => {
    const id = orderIdOf(name);
    const row = id && (await database.reader(signal).findOne(OrderRow, { id, userId }));
    if (!row) throw new PurserError('ORDER_NOT_FOUND', { order: name });
    return orderMessage(row);
  };
}
