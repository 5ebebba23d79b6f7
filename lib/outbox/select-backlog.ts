import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { unpublishedRows } from './is-published.ts';

/** What a service has not dealt with yet. Times are in milliseconds, by the database's clock. */
export interface Backlog {
  /** Rows of the outbox that are not published, at most `countMax`. */
  outboxMessages: bigint;
  /** Age of the oldest of them; 0 without any. */
  outboxLagMs: bigint;
  /** Dead letters that wait for a person. */
  deadLetters: bigint;
}

/** Counting more tells a person nothing, and would read a backlog of millions again and again. */
const countMax = 100_000;

const waitingLetters = '(select count(*) from dead_letters where resolved_time is null)';

/** Locks nothing. Walks the primary key of outbox from the relay's cursor on. */
const withOutbox: Statement = {
  name: 'select-backlog',
  text: `
    select count(*) as "outboxMessages",
      coalesce(greatest(0, extract(epoch from now() - min(create_time)) * 1000), 0)::bigint
        as "outboxLagMs",
      ${waitingLetters} as "deadLetters"
    from (select o.create_time ${unpublishedRows} limit ${countMax}) as waiting`,
};

const withoutOutbox: Statement = {
  name: 'select-dead-letter-backlog',
  text: `
    select 0::bigint as "outboxMessages", 0::bigint as "outboxLagMs",
      ${waitingLetters} as "deadLetters"`,
};

/** `publishes`: whether the service has an outbox. */
export async function selectBacklog(tx: Tx, publishes: boolean): Promise<Backlog> {
  const [backlog] = await tx.query<Backlog>(publishes ? withOutbox : withoutOutbox, []);
  return backlog!;
}
