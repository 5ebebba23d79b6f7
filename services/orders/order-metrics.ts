import { Counter } from 'prom-client';
import type { InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import { countOf } from '#lib/operations/get-instance.ts';

/** Counted after the commit, so that what was rolled back never counts. */
const steps = new Counter({
  name: 'purser_order_steps_total',
  help: 'Steps that orders took, by the state that they led to; PENDING is a creation.',
  labelNames: ['state'],
});

export function countCreated(orders: number): void {
  steps.inc({ state: 'PENDING' }, orders);
}

export function countSteps(taken: readonly { to: string }[]): void {
  for (const { to } of taken) steps.inc({ state: to });
}

/** What Operations is told of the orders. */
export async function orderCounters(): Promise<Partial<InstanceCounters>> {
  const [ordersCreated, ordersPaid, ordersFailed] = await Promise.all([
    countOf(steps, { state: 'PENDING' }),
    countOf(steps, { state: 'PAID' }),
    countOf(steps, { state: 'FAILED' }),
  ]);
  return { ordersCreated, ordersPaid, ordersFailed };
}
