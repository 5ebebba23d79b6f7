import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { StoredRequest } from '../domain/top-up.ts';

/**
 * Locks nothing: run it after the wallets are locked, so that it sees the keys of their last
 * holder. Uses the primary key.
 */
const selectRequestsStatement: Statement = {
  name: 'select_requests',
  text: `
    select user_id as "userId", request_id as "requestId", fingerprint, account_id as "accountId",
      ledger_version as "ledgerVersion"
    from requests
    where (user_id, request_id) in (select * from unnest($1::text[], $2::text[]))`,
};

/** What these keys were used for; a key that is new is left out. */
export async function selectRequests(
  tx: Tx,
  keys: readonly { userId: string; requestId: string }[],
): Promise<StoredRequest[]> {
  if (keys.length === 0) return [];
  return tx.query<StoredRequest>(selectRequestsStatement, [
    keys.map(({ userId }) => userId),
    keys.map(({ requestId }) => requestId),
  ]);
}

/**
 * Locks the new rows. The users' wallets are locked already, which keeps a second use of a key out.
 */
const insertRequestsStatement: Statement = {
  name: 'insert_requests',
  text: `
    insert into requests (user_id, request_id, fingerprint, account_id, ledger_version, create_time)
    select t.*, $6 from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[]) as t
    order by 1, 2`,
};

export async function insertRequests(
  tx: Tx,
  requests: readonly StoredRequest[],
  now: Date,
): Promise<void> {
  if (requests.length === 0) return;
  await tx.query(insertRequestsStatement, [
    requests.map(({ userId }) => userId),
    requests.map(({ requestId }) => requestId),
    requests.map(({ fingerprint }) => fingerprint),
    requests.map(({ accountId }) => accountId),
    requests.map(({ ledgerVersion }) => ledgerVersion),
    now,
  ]);
}
