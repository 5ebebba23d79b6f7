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
