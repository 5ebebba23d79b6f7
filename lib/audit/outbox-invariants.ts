import { unpublishedRows } from '#lib/outbox/is-published.ts';
import { graceSql, type TableInvariant } from './invariant.ts';

/**
 * What is younger must still be in the outbox, as SQL. The hour is for rows whose time another
 * clock gave them.
 */
export const outboxSinceSql = `(select expired_time + interval '1 hour' from outbox_relay)`;

/** What holds of the dead letters of every service. */
export const deadLetterInvariant: TableInvariant = {
  id: 'I12',
  says: 'No dead letter waits for a person.',
  unit: 'dead letters',
  checked: 'select count(*) from dead_letters',
  broken: `select id, source, type, about, cause, create_time from dead_letters
    where resolved_time is null`,
  means: 'A message could not be published or handled, and its effect is missing.',
  repair: 'npm run dlq -- show ID; mend the cause; npm run dlq -- replay ID.',
};

/** What holds of every service with an outbox. */
export const outboxInvariants: readonly TableInvariant[] = [
  {
    id: 'I11',
    says: 'No message waits for the broker longer than the grace time.',
    unit: 'messages',
    checked: 'select count(*) from outbox',
    broken: `select o.event_id, o.type, o.about, o.create_time ${unpublishedRows}
      and o.create_time < now() - ${graceSql}`,
    inFlight: `select count(*) ${unpublishedRows} and o.create_time >= now() - ${graceSql}`,
    means: 'The relay does not publish: the broker is away, or no instance runs, or it is stuck.',
    repair: 'Look at /readyz and the log of the service; the relay goes on by itself.',
  },
  deadLetterInvariant,
];
