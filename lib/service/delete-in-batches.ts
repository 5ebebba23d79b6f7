import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';

/** Rows that one transaction deletes: a few milliseconds, so that nobody waits for its locks. */
const batchSize = 1_000;

/** Between two batches, so that deleting the rows of a day leaves the disk to the callers. */
const pauseMs = 100;

/**
 * Deletes rows that have had their time, in small batches, until none is left or `signal` aborts.
 * `statement` deletes those older than $1, at most $2, and returns how many as `count`. Returns the
 * sum.
 */
export async function deleteInBatches(
  database: Database,
  statement: Statement,
  { before, signal, timing = systemTiming }: { before: Date; signal: AbortSignal; timing?: Timing },
): Promise<bigint> {
  let total = 0n;
  for (let full = true; full && !signal.aborted;) {
    const [row] = await database.single((tx) =>
      tx.query<{ count: bigint }>(statement, [before, batchSize]),
    );
    const count = row?.count ?? 0n;
    total += count;
    full = count === BigInt(batchSize);
    if (full) await timing.sleep(pauseMs, signal);
  }
  return total;
}
