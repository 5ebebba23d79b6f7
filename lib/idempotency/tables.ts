/**
 * Finds expired idempotency keys by their time, in the table `requests` of a service. A table that
 * grows by time, and whose oldest rows go together, is what BRIN is for: some kilobytes, and
 * nothing to do for a new row.
 *
 * A frozen version: migrations are never edited, later ones alter what this one made.
 */
export const requestRetentionV1 = `
create index requests_create_time on requests using brin (create_time)
  with (pages_per_range = 32, autosummarize = on);
`;

/**
 * The one way in which the running service deletes keys: with the rights of the owner, and none
 * that is younger than 30 days by the database's own clock, whatever it is asked for. Without a key
 * a repeated call would be carried out a second time. Locks the rows that it deletes; leaves out
 * those that another instance is deleting.
 */
export const requestRetentionV2 = `
create function expire_requests(before timestamptz, batch int) returns bigint
language sql security definer set search_path = public, pg_temp
begin atomic
  with old as (
    select user_id, request_id from requests
    where create_time < least(before, now() - interval '30 days')
    limit batch
    for update skip locked
  ), deleted as (
    delete from requests using old
    where requests.user_id = old.user_id and requests.request_id = old.request_id
    returning 1
  )
  select count(*) from deleted;
end;
`;

export const requestFunctions = ['expire_requests(timestamptz, int)'];
