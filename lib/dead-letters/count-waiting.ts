import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { waitingLetters } from './dead-letter-metrics.ts';

/** Locks nothing. Reads the whole table, which holds what people have to look at one by one. */
const countStatement: Statement = {
  name: 'count-waiting-letters',
  text: 'select count(*) as count from dead_letters where resolution is null',
};

/** Sets the gauge of dead letters that wait for a person; every service has such a table. */
export function countWaitingLetters({ database }: ServiceDeps): Job {
  return {
    name: 'count-waiting-letters',
    intervalMs: 15_000,
    async run() {
      const count = (tx: Tx) => tx.query<{ count: bigint }>(countStatement, []);
      const [row] = await database.single(count);
      waitingLetters.set(Number(row?.count ?? 0n));
    },
  };
}
