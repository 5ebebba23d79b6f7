import type { Logger } from '#lib/log/logger.ts';
import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';

const intervalMs = 3_600_000;

/** Rows that one transaction looks at: a few milliseconds, so that nobody waits for its locks. */
const pageSize = 1_000;

/** Between two pages, so that deleting the rows of a day leaves the disk to the callers. */
const pauseMs = 100;

/**
 * Says what the audit may no longer expect, before anything is deleted. Locks the one row of
 * outbox_relay.
 */
const announceStatement: Statement = {
  name: 'outbox-announce-expiry',
  text: `
    update outbox_relay set expired_time = least($1, now() - interval '8 days')
    where expired_time < least($1, now() - interval '8 days')`,
};

interface PageResult {
  deleted: bigint;
  /** The last row of the page; null when there was none. */
  tx: string | null;
  seq: bigint | null;
  /** Whether the page came to rows that are younger. */
  reached: boolean;
}

/** See `outboxTablesV2`. */
const expireStatement: Statement = {
  name: 'outbox-expire',
  text: `
    select deleted, last_tx::text as tx, last_seq as seq, reached
    from expire_outbox($1, $2::xid8, $3, $4)`,
};

/**
 * Deletes published events that are older than `days`. Instances may do it side by side. What is
 * gone cannot be published again, and neither traced nor audited.
 */
export function expireOutbox(
  { database, clock, log }: { database: Database; clock: Clock; log: Logger },
  { days, timing = systemTiming }: { days: number; timing?: Timing },
): Job {
  return {
    name: 'expire-outbox',
    intervalMs,
    async run(signal) {
      const before = new Date(clock().getTime() - days * 24 * 3_600_000);
      await database.single((tx) => tx.query(announceStatement, [before]));
      let total = 0n;
      let [after, seq] = ['0', 0n];
      for (let done = false; !done && !signal.aborted;) {
        const values = [before, after, seq, pageSize];
        const [page] = await database.single((tx) => tx.query<PageResult>(expireStatement, values));
        total += page?.deleted ?? 0n;
        done = !page || page.reached || page.tx === null;
        [after, seq] = [page?.tx ?? after, page?.seq ?? seq];
        if (!done) await timing.sleep(pauseMs, signal);
      }
      if (total > 0n) log.info({ count: total, days }, 'deleted published events by their age');
    },
  };
}
