import type { Order } from '#gen/purser/orders/v1/order.ts';
import type { CancelOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { actOnOrder } from './act-on-order.ts';

/** The order's user and staff may cancel. Payments is asked in the transaction of the change. */
export function cancelOrder(deps: ServiceDeps): Handler<CancelOrderRequest, Order> {
  return (request, call) => actOnOrder(deps, call, 'CANCEL', request);
}
