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

/**
 * Up to when published rows have been deleted by their age, and the one way in which the running
 * service deletes them: with the rights of the owner, a page of the primary key at a time, and none
 * that is younger than 8 days by the database's own clock, whatever it is asked for. The broker
 * keeps its copy for 7.
 *
 * The primary key is in the order of time but for the length of a transaction, so that nothing has
 * to be indexed: the pages begin with the oldest row, after (`after_tx`, `after_seq`), and end when
 * one has `reached` younger rows. A row stays while it is unpublished, while `kept` (SQL over a row
 * `o`) says so, and while a dead letter of it waits for a person. Locks the rows that it deletes.
 */
export const outboxTablesV2 = (kept: string) => `
alter table outbox_relay add column expired_time timestamptz not null default '-infinity';

create function expire_outbox(
  before timestamptz, after_tx xid8, after_seq bigint, batch int,
  out deleted bigint, out last_tx xid8, out last_seq bigint, out reached boolean
)
language sql security definer set search_path = public, pg_temp
begin atomic
  with page as materialized (
    select o.tx, o.seq, o.create_time >= before as young,
      o.create_time < least(before, now() - interval '8 days')
        and (
          pg_visible_in_snapshot(o.tx, r.seen)
          or r.target is not null and (o.tx, o.seq) <= (r.tx, r.seq)
            and pg_visible_in_snapshot(o.tx, r.target)
        )
        and not (${kept})
        and not exists (
          select from dead_letters d where d.event_id = o.event_id and d.resolution is null
        ) as expired
    from (
      select * from outbox where (tx, seq) > (after_tx, after_seq) order by tx, seq limit batch
    ) as o cross join outbox_relay r
  ), gone as (
    delete from outbox using page
    where page.expired and outbox.tx = page.tx and outbox.seq = page.seq
    returning 1
  ), last as (
    select tx, seq from page order by tx desc, seq desc limit 1
  )
  select (select count(*) from gone), (select tx from last), (select seq from last),
    coalesce((select bool_or(young) from page), true);
end;
`;

export const outboxFunctions = ['expire_outbox(timestamptz, xid8, bigint, int)'];
