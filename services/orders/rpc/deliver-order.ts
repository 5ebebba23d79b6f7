import type { Order } from '#gen/purser/orders/v1/order.ts';
import type { DeliverOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { requireStaff } from '#lib/grpc/require-staff.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { actOnOrder } from './act-on-order.ts';

export function deliverOrder(deps: ServiceDeps): Handler<DeliverOrderRequest, Order> {
  return async (request, call) => {
    requireStaff(call);
    return actOnOrder(deps, call, 'DELIVER', request);
  };
}
