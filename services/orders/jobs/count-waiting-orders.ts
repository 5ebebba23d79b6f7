import type { Job } from '#lib/service/periodic-job.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { waitMsMax } from '../domain/reconcile.ts';
import { selectWaiting } from '../sql/select-waiting.ts';
import { longestWait, waiting } from './reconcile-metrics.ts';

/** Sets the gauges of orders that wait for Payments. */
export function countWaitingOrders({ database, clock }: ServiceDeps): Job {
  return {
    name: 'count-waiting-orders',
    intervalMs: 10_000,
    async run() {
      const now = clock().getTime();
      const before = new Date(now - waitMsMax);
      const { count, since } = await database.single((tx) => selectWaiting(tx, before));
      waiting.set(Number(count));
      longestWait.set(since ? Math.max(0, now - since.getTime()) / 1_000 : 0);
    },
  };
}
