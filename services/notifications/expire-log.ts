import type { Statement } from '#lib/pg/transaction.ts';
import { deleteInBatches } from '#lib/service/delete-in-batches.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { forgetSockets } from './sql/hold-sockets.ts';

const hourMs = 3_600_000;

/** For so long a stream can be resumed, and the broker keeps the events as well. */
const changesKeptMs = 7 * 24 * hourMs;

const notificationsKeptMs = 90 * 24 * hourMs;

// Each locks the rows that it deletes, and leaves out those that another instance is deleting.

/** Uses the BRIN index on create_time. A resumption that needs what is gone gets a snapshot. */
const deleteOldChanges: Statement = {
  name: 'delete_old_changes',
  text: `
    with old as (
      select user_id, number from changes where create_time < $1 limit $2 for update skip locked
    ), deleted as (
      delete from changes using old
      where changes.user_id = old.user_id and changes.number = old.number
      returning 1
    )
    select count(*) as count from deleted`,
};

/** Uses the BRIN index on create_time. */
const deleteOldNotifications: Statement = {
  name: 'delete_old_notifications',
  text: `
    with old as (
      select event_id from notifications where create_time < $1 limit $2 for update skip locked
    ), deleted as (
      delete from notifications using old where notifications.event_id = old.event_id
      returning 1
    )
    select count(*) as count from deleted`,
};

/** Uses the BRIN index on push_time. */
const deleteOldPushes: Statement = {
  name: 'delete_old_pushes',
  text: `
    with old as (
      select event_id from pushes where push_time < $1 limit $2 for update skip locked
    ), deleted as (
      delete from pushes using old where pushes.event_id = old.event_id
      returning 1
    )
    select count(*) as count from deleted`,
};

/** Uses the index on expire_time. */
const deleteOldTickets: Statement = {
  name: 'delete_old_tickets',
  text: `
    with old as (
      select hash from tickets where expire_time < $1 limit $2 for update skip locked
    ), deleted as (
      delete from tickets using old where tickets.hash = old.hash
      returning 1
    )
    select count(*) as count from deleted`,
};

const retentions = [
  { what: 'changes', statement: deleteOldChanges, keptMs: changesKeptMs, intervalMs: hourMs },
  {
    what: 'notifications',
    statement: deleteOldNotifications,
    keptMs: notificationsKeptMs,
    intervalMs: hourMs,
  },
  { what: 'pushes', statement: deleteOldPushes, keptMs: changesKeptMs, intervalMs: hourMs },
  { what: 'tickets', statement: deleteOldTickets, keptMs: 0, intervalMs: 60_000 },
];

/** Deletes what is older than it is kept, and what dead instances held; several may do it. */
export function expireLog({ database, clock, log }: ServiceDeps): Job[] {
  const expire = retentions.map(({ what, statement, keptMs, intervalMs }): Job => ({
    name: `expire-${what}`,
    intervalMs,
    async run(signal) {
      const before = new Date(clock().getTime() - keptMs);
      const count = await deleteInBatches(database, statement, { before, signal });
      if (count > 0n) log.info({ count }, `deleted ${what} that had had their time`);
    },
  }));
  const forget: Job = {
    name: 'forget-sockets',
    intervalMs: 60_000,
    run: () => database.single((tx) => forgetSockets(tx)),
  };
  return [...expire, forget];
}
