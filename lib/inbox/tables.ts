/**
 * The inbox: ids of the events whose effect is committed, inserted in the transaction of the
 * effect. Rows must outlive every possible redelivery and replay; the time index serves their
 * retention.
 *
 * A frozen version: migrations are never edited, later ones alter what this one made.
 */
export const inboxTablesV1 = `
create table inbox (
  event_id uuid primary key,
  create_time timestamptz not null default now()
);

create index inbox_create_time on inbox using brin (create_time);
`;

/** Where the broker kept what was received, so that the way of a message can be told. */
export const inboxTablesV2 = `
alter table inbox
  add column stream_sequence bigint,
  add column stream_time timestamptz;
`;

/** What a running service may do with it: an effect that is recorded stays recorded. */
export const inboxRights = { inbox: 'select, insert' };

/**
 * The one way in which the running service deletes ids: with the rights of the owner, and none that
 * is younger than 38 days by the database's own clock, whatever it is asked for.
 */
export const inboxTablesV3 = `
create function expire_inbox(before timestamptz, batch int) returns bigint
language sql security definer set search_path = public, pg_temp
begin atomic
  with old as (
    select event_id from inbox
    where create_time < least(before, now() - interval '38 days')
    limit batch
    for update skip locked
  ), deleted as (
    delete from inbox using old where inbox.event_id = old.event_id returning 1
  )
  select count(*) from deleted;
end;
`;

export const inboxFunctions = ['expire_inbox(timestamptz, int)'];
