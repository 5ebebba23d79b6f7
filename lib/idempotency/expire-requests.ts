import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import { deleteInBatches } from '#lib/service/delete-in-batches.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';

/** How long a key protects a repeated call. */
const keptMs = 30 * 24 * 3_600_000;

const intervalMs = 3_600_000;

/**
 * The service itself may delete no key; this function of the database deletes none that is younger.
 * Locks the rows that it deletes; it leaves out those that another instance is deleting. Uses the
 * BRIN index on create_time, which a table that grows by time keeps at some kilobytes.
 */
const deleteOldRequests: Statement = {
  name: 'delete_old_requests',
  text: 'select expire_requests($1, $2) as count',
};

/**
 * Deletes idempotency keys that are older than 30 days, in small batches. The services keep them in
 * tables of one name; instances may do it side by side.
 */
export function expireRequests(
  { database, clock, log }: { database: Database; clock: Clock; log: Logger },
  { timing = systemTiming }: { timing?: Timing } = {},
): Job {
  return {
    name: 'expire-requests',
    intervalMs,
    async run(signal) {
      const before = new Date(clock().getTime() - keptMs);
      const total = await deleteInBatches(database, deleteOldRequests, { before, signal, timing });
      if (total > 0n) log.info({ count: total }, 'deleted idempotency keys older than 30 days');
    },
  };
}
