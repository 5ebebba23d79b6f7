/**
 * Whether the relay is done with a row `o` of outbox, by the one row `r` of outbox_relay: the
 * broker has acknowledged it, or it is a dead letter. See `outboxTablesV1` for the cursor.
 */
export const isPublished = `(
  pg_visible_in_snapshot(o.tx, r.seen)
  or r.target is not null and (o.tx, o.seq) <= (r.tx, r.seq)
    and pg_visible_in_snapshot(o.tx, r.target)
)`;

/**
 * The rows `o` of outbox that the relay is not done with, as the part of a select after its
 * columns. No transaction older than the oldest that still ran can be unpublished: the primary key
 * finds the others.
 */
export const unpublishedRows = `
  from outbox_relay r join outbox o on o.tx >= pg_snapshot_xmin(r.seen)
  where not ${isPublished}`;
