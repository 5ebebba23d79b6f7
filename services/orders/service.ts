import { staffCaller } from '#lib/grpc/callers.ts';
import { expireRequests } from '#lib/idempotency/expire-requests.ts';
import { expireDeadLetters } from '#lib/dead-letters/retention.ts';
import { expireOutbox } from '#lib/outbox/retention.ts';
import type { ServiceDefinition } from '#lib/service/service-definition.ts';
import { applyPaymentResults } from './events/apply-payment-results.ts';
import { countWaitingOrders } from './jobs/count-waiting-orders.ts';
import { reconcileOrders } from './jobs/reconcile-orders.ts';
import { orderCounters } from './order-metrics.ts';
import { assembleOrder } from './rpc/assemble-order.ts';
import { cancelOrder } from './rpc/cancel-order.ts';
import { createOrder } from './rpc/create-order.ts';
import { deliverOrder } from './rpc/deliver-order.ts';
import { explainOrder } from './rpc/explain-order.ts';
import { getOrder } from './rpc/get-order.ts';
import { getRequest } from './rpc/get-request.ts';
import { listOrderEvents } from './rpc/list-order-events.ts';
import { listOrders } from './rpc/list-orders.ts';
import { shipOrder } from './rpc/ship-order.ts';
import { traceOrder } from './rpc/trace-order.ts';
import { OrderEventRow } from './schema/order-event.ts';
import { OrderRow } from './schema/order.ts';
import { RequestRow } from './schema/request.ts';

export const orders: ServiceDefinition = {
  name: 'orders',
  publishes: true,
  entities: [OrderRow, OrderEventRow, RequestRow],
  calls: ['payments', 'notifications'],
  callers: {
    gateway: 'all',
    [staffCaller]: [
      '/purser.orders.v1.OrderService/AssembleOrder',
      '/purser.orders.v1.OrderService/ShipOrder',
      '/purser.orders.v1.OrderService/DeliverOrder',
      '/purser.orders.v1.OrderService/GetOrder',
      '/purser.orders.v1.OrderService/ListOrderEvents',
      '/purser.orders.v1.OrderService/ExplainOrder',
      '/purser.orders.v1.OrderService/TraceOrder',
    ],
  },
  rpcs: (deps) => ({
    '/purser.orders.v1.OrderService/CreateOrder': createOrder(deps),
    '/purser.orders.v1.OrderService/GetOrder': getOrder(deps),
    '/purser.orders.v1.OrderService/ListOrders': listOrders(deps),
    '/purser.orders.v1.OrderService/ListOrderEvents': listOrderEvents(deps),
    '/purser.orders.v1.OrderService/ExplainOrder': explainOrder(deps),
    '/purser.orders.v1.OrderService/TraceOrder': traceOrder(deps),
    '/purser.orders.v1.OrderService/CancelOrder': cancelOrder(deps),
    '/purser.orders.v1.OrderService/AssembleOrder': assembleOrder(deps),
    '/purser.orders.v1.OrderService/ShipOrder': shipOrder(deps),
    '/purser.orders.v1.OrderService/DeliverOrder': deliverOrder(deps),
    '/purser.orders.v1.RequestService/GetRequest': getRequest(deps),
  }),
  consumes: (deps) => [
    {
      durable: 'orders-payment-results',
      domain: 'payments',
      filterSubject: 'purser.v1.payments.>',
      handle: applyPaymentResults(deps),
    },
  ],
  counters: orderCounters,
  jobs: (deps) => [
    expireRequests(deps),
    expireOutbox(deps, { days: deps.messageDays }),
    expireDeadLetters(deps),
    reconcileOrders(deps),
    countWaitingOrders(deps),
  ],
};
