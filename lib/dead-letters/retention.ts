import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import { deleteInBatches } from '#lib/service/delete-in-batches.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';

/** How long it can be looked up what became of a dead letter. */
const keptMs = 90 * 24 * 3_600_000;

const intervalMs = 3_600_000;

/** See the tables of this folder. */
const statement: Statement = {
  name: 'dead-letters-expire',
  text: 'select expire_dead_letters($1, $2) as count',
};

/** Deletes dead letters 90 days after somebody has dealt with them; never those that wait. */
export function expireDeadLetters({
  database,
  clock,
  log,
}: {
  database: Database;
  clock: Clock;
  log: Logger;
}): Job {
  return {
    name: 'expire-dead-letters',
    intervalMs,
    async run(signal) {
      const before = new Date(clock().getTime() - keptMs);
      const total = await deleteInBatches(database, statement, { before, signal });
      if (total > 0n) log.info({ count: total }, 'deleted dead letters that were dealt with');
    },
  };
}
