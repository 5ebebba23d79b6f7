import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { isPublished } from './is-published.ts';

export type Republication =
  /** A new row publishes the event once more. */
  | 'republished'
  /** The relay has not come to its last row yet, and will publish that. */
  | 'unpublished'
  /** The broker has not taken so many other rows that one more helps nobody. */
  | 'congested'
  /** The outbox has no such event any more. */
  | 'missing';

/**
 * Rows that wait for the broker before nothing is published again: ten pages of the relay, which is
 * a second of its work. Bounds what piles up here while the broker is away.
 */
const backlogMax = 5_000;

/**
 * A deliberate replay: a new row with the same event id, so that an inbox knows the event, under
 * the next publication number, so that the broker's dedup does not. Of two at the same moment one
 * writes. Rows are never changed. Uses the unique index on (event_id, publication); the backlog is
 * counted along the primary key.
 */
const republishStatement: Statement = {
  name: 'outbox-republish',
  text: `
    with wanted as (
      select distinct event_id from unnest($1::uuid[]) as t (event_id)
    ), backlog as materialized (
      select count(*) >= $2 as is_full from (
        select from outbox
        where tx >= (select pg_snapshot_xmax(seen) from outbox_relay)
        limit $2
      ) as waiting
    ), last as (
      select distinct on (o.event_id) o.*, ${isPublished} as published
      from wanted join outbox o using (event_id) cross join outbox_relay r
      order by o.event_id, o.publication desc
    ), written as (
      insert into outbox (event_id, type, subject, about, payload, traceparent, publication)
      select event_id, type, subject, about, payload, traceparent, publication + 1
      from last
      where published and not (select is_full from backlog)
      order by event_id
      on conflict (event_id, publication) do nothing
    )
    select event_id as "eventId",
      case
        when last.event_id is null then 'missing'
        when not last.published then 'unpublished'
        when (select is_full from backlog) then 'congested'
        else 'republished'
      end as outcome
    from wanted left join last using (event_id)`,
};

/** Publishes events of the outbox once more. One outcome for each distinct id. */
export async function republish(
  tx: Tx,
  eventIds: readonly string[],
): Promise<Map<string, Republication>> {
  if (eventIds.length === 0) return new Map();
  const rows = await tx.query<{ eventId: string; outcome: Republication }>(republishStatement, [
    eventIds,
    backlogMax,
  ]);
  return new Map(rows.map(({ eventId, outcome }) => [eventId, outcome]));
}
