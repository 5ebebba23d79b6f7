/**
 * Whether the relay is done with a row `o` of outbox, by the one row `r` of outbox_relay: the
 * broker has acknowledged it, or it is a dead letter. See `outboxTablesV1` for the cursor.
 */
export const isPublished = `(
  pg_visible_in_snapshot(o.tx, r.seen)
  or r.target is not null and (o.tx, o.seq) <= (r.tx, r.seq)
    and pg_visible_in_snapshot(o.tx, r.target)
)`;
