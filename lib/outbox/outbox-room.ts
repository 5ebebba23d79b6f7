import { Gauge } from 'prom-client';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import type { Job } from '#lib/service/periodic-job.ts';

const backlog = new Gauge({
  name: 'purser_outbox_backlog_rows',
  help: 'Outbox rows that wait for the broker, give or take those of running transactions.',
  labelNames: ['service'],
});

/**
 * An estimate from two looks into the primary key, whatever the backlog is: the numbers of rows
 * between the relay's cursor and the last row. Numbers have gaps, of transactions that were rolled
 * back. Locks nothing.
 */
const backlogStatement: Statement = {
  name: 'outbox-backlog',
  text: `
    select coalesce(last.seq - case when r.target is null then first.seq - 1 else r.seq end, 0)
      as rows
    from outbox_relay r
      left join lateral (
        select seq from outbox where tx >= pg_snapshot_xmax(r.seen) order by tx, seq limit 1
      ) as first on true
      left join lateral (
        select seq from outbox where tx >= pg_snapshot_xmax(r.seen) order by tx desc, seq desc
        limit 1
      ) as last on true`,
};

/** How often the backlog is looked at: what may be written meanwhile is a second's work. */
const intervalMs = 1_000;

/**
 * Whether the outbox has room. While the broker is away, or its disk is full, the outbox keeps what
 * is accepted; an outbox without a limit would fill the disk of the database instead, and with it
 * stop everything.
 */
export class OutboxRoom {
  readonly #options: { service: string; database: Database; log: Logger; rowsMax: number };
  #full = false;

  constructor(options: { service: string; database: Database; log: Logger; rowsMax: number }) {
    this.#options = options;
  }

  /** Whether calls that write are to be refused for now. */
  get full(): boolean {
    return this.#full;
  }

  /** Looks at the backlog; while the database does not answer, the last look stands. */
  job(): Job {
    return { name: 'measure-outbox', intervalMs, run: () => this.#measure() };
  }

  async #measure(): Promise<void> {
    const { service, database, log, rowsMax } = this.#options;
    const [row] = await database.single((tx) => tx.query<{ rows: bigint }>(backlogStatement, []));
    const rows = Number(row?.rows ?? 0n);
    backlog.set({ service }, rows);
    const full = rows >= rowsMax;
    if (full !== this.#full) {
      if (full) log.error({ rows, rowsMax }, 'the outbox is full: calls that write are refused');
      else log.info({ rows, rowsMax }, 'the outbox has room again');
    }
    this.#full = full;
  }
}
