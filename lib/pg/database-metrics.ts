import { Counter, Gauge, Histogram } from 'prom-client';
import type { Pool } from 'pg';

export const poolWait = new Histogram({
  name: 'purser_db_pool_wait_seconds',
  help: 'Time that work waited for a connection to the database, a new connection included.',
  labelNames: ['pool'],
  buckets: [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});

export const conflicts = new Counter({
  name: 'purser_db_conflicts_total',
  help: 'Transactions that met another one (deadlock, serialization, guard) and ran again.',
  labelNames: ['pool'],
});

const pools = new Map<string, Pool>();

export const poolConnections = new Gauge({
  name: 'purser_db_pool_connections',
  help: 'Connections of the pool by what they do, and (waiting) work that has none yet.',
  labelNames: ['pool', 'state'],
  collect() {
    for (const [pool, { totalCount, idleCount, waitingCount }] of pools) {
      this.set({ pool, state: 'busy' }, totalCount - idleCount);
      this.set({ pool, state: 'idle' }, idleCount);
      this.set({ pool, state: 'waiting' }, waitingCount);
    }
  },
});

/** Shows the pool under the name; a second pool of one name takes the place of the first. */
export function showPool(name: string, pool: Pool): void {
  pools.set(name, pool);
}
