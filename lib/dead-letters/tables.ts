/**
 * Messages that could not be published or handled, with what is needed to see why and to replay
 * them. `source` says who gave up: `outbox`, or the name of a durable consumer. `event_id`, `type`
 * and `about` are null where the message itself did not tell.
 *
 * A frozen version: migrations are never edited, later ones alter what this one made.
 */
export const deadLetterTablesV1 = `
create table dead_letters (
  id uuid primary key default uuidv7(),
  source text not null,
  event_id uuid,
  type text,
  subject text not null,
  about text,
  headers jsonb not null,
  payload bytea not null,
  cause text not null,
  deliveries int not null,
  create_time timestamptz not null default now(),
  unique (source, event_id)
);
`;

/** What became of a dead letter: null while it waits for a person. */
export const deadLetterTablesV2 = `
alter table dead_letters
  add column resolution text check (resolution in ('REPLAYED', 'DISCARDED')),
  add column resolved_time timestamptz,
  -- Why it was discarded.
  add column reason text,
  add constraint dead_letters_resolved_whole
    check ((resolution is null) = (resolved_time is null)),
  add constraint dead_letters_discarded_with_reason
    check (resolution is distinct from 'DISCARDED' or reason <> '');
`;

/** What a running service may do with them; resolving them is for the role operations. */
export const deadLetterRights = {
  dead_letters: 'select, insert, update (cause, deliveries, resolution, resolved_time, reason)',
};

/**
 * The one way in which the running service deletes letters: with the rights of the owner, and none
 * that waits for a person, or that somebody has dealt with in the last 90 days. Reads the whole
 * table, which is small or already an alarm.
 */
export const deadLetterTablesV3 = `
create function expire_dead_letters(before timestamptz, batch int) returns bigint
language sql security definer set search_path = public, pg_temp
begin atomic
  with old as (
    select id from dead_letters
    where resolved_time < least(before, now() - interval '90 days')
    limit batch
    for update skip locked
  ), deleted as (
    delete from dead_letters using old where dead_letters.id = old.id returning 1
  )
  select count(*) from deleted;
end;
`;

export const deadLetterFunctions = ['expire_dead_letters(timestamptz, int)'];
