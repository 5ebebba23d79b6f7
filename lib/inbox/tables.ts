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
