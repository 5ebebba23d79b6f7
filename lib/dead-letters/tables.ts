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
