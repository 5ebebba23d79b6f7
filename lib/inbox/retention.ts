import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import { deleteInBatches } from '#lib/service/delete-in-batches.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';

const intervalMs = 3_600_000;

/**
 * How much longer an inbox remembers an event than the outbox that it came from can publish it
 * again. The broker keeps a message for 7 days after its last publication; the rest is for a copy
 * of the broker's disk that somebody puts back.
 */
export const inboxDaysMore = 30;

/** See the tables of this folder. */
const statement: Statement = {
  name: 'inbox-expire',
  text: 'select expire_inbox($1, $2) as count',
};

/** Deletes ids of events that cannot come any more: `outboxDays` and 30 days after they came. */
export function expireInbox(
  { database, clock, log }: { database: Database; clock: Clock; log: Logger },
  { outboxDays }: { outboxDays: number },
): Job {
  const keptMs = (outboxDays + inboxDaysMore) * 24 * 3_600_000;
  return {
    name: 'expire-inbox',
    intervalMs,
    async run(signal) {
      const before = new Date(clock().getTime() - keptMs);
      const total = await deleteInBatches(database, statement, { before, signal });
      if (total > 0n) log.info({ count: total }, 'deleted ids of events that cannot come any more');
    },
  };
}
