import type { ServiceDefinition } from '#lib/service/service-definition.ts';
import { applyPaymentResults } from './events/apply-payment-results.ts';
import { createOrder } from './rpc/create-order.ts';
import { getOrder } from './rpc/get-order.ts';
import { listOrders } from './rpc/list-orders.ts';
import { OrderRow } from './schema/order.ts';

export const orders: ServiceDefinition = {
  name: 'orders',
  entities: [OrderRow],
  rpcs: (deps) => ({
    '/purser.orders.v1.OrderService/CreateOrder': createOrder(deps),
    '/purser.orders.v1.OrderService/GetOrder': getOrder(deps),
    '/purser.orders.v1.OrderService/ListOrders': listOrders(deps),
  }),
  consumes: (deps) => [
    {
      durable: 'orders-payment-results',
      domain: 'payments',
      filterSubject: 'purser.v1.payments.>',
      handle: applyPaymentResults(deps),
    },
  ],
};
