/**
 * The outbox: an append-only log of events, written in the transaction of the change that they
 * report. `tx` is the 64-bit id of that transaction, `seq` the order inside it. `publication`
 * counts deliberate replays of one event: a replay is a new row with the same `event_id`, so that
 * neither this log nor the broker's dedup swallows it.
 *
 * `outbox_relay` is one row: what is published, and who may publish. Done with are the rows whose
 * transactions the snapshot `seen` shows and, while `target` is set, also those up to (`tx`, `seq`)
 * that `target` shows. Every write compares `term`, which grows with each change of holder.
 *
 * A frozen version: migrations are never edited, later ones alter what this one made.
 */
export const outboxTablesV1 = `
create table outbox (
  tx xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  event_id uuid not null,
  type text not null,
  subject text not null,
  about text not null,
  payload bytea not null,
  traceparent text,
  publication int not null default 1,
  create_time timestamptz not null default now(),
  primary key (tx, seq),
  unique (event_id, publication)
);

create table outbox_relay (
  single boolean primary key default true check (single),
  seen pg_snapshot not null default '3:3:',
  target pg_snapshot,
  tx xid8 not null default '0',
  seq bigint not null default 0,
  holder text,
  term bigint not null default 0,
  lease_until timestamptz not null default '-infinity'
);

insert into outbox_relay default values;
`;

/** What a running service may do with them: the log is only ever added to. */
export const outboxRights = {
  outbox: 'select, insert',
  outbox_relay: 'select, update',
};
