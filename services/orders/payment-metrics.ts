import { Histogram } from 'prom-client';
import type { OrderStep } from './domain/change-orders.ts';

const timeToPayment = new Histogram({
  name: 'purser_order_payment_seconds',
  help: 'Time from the creation of an order until it was PAID or FAILED.',
  labelNames: ['state'],
  buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
});

/** Counted after the commit. `orders` are the orders as they were before the steps. */
export function timePayments(
  steps: readonly OrderStep[],
  orders: ReadonlyMap<string, { createTime: Date }>,
  now: Date,
): void {
  for (const { orderId, from, to } of steps) {
    const order = orders.get(orderId);
    if (from !== 'PENDING' || (to !== 'PAID' && to !== 'FAILED') || !order) continue;
    const seconds = (now.getTime() - order.createTime.getTime()) / 1_000;
    timeToPayment.observe({ state: to }, Math.max(0, seconds));
  }
}
