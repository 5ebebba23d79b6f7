import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { type Position, start } from '../domain/position.ts';
import type { ShownAccount, ShownOrder } from '../live/live-messages.ts';

/** How things stand for a user, and where the log goes on from there. */
export interface Snapshot {
  position: Position;
  orders: ShownOrder[];
  account: ShownAccount | undefined;
}

/** Unfinished orders in a snapshot, and others beside them; the newest of each. */
const unfinishedMax = 1_000;
const finishedMax = 20;

const columns = `
  order_id, state, failure_reason, amount_minor, currency_code, version, update_time`;

/**
 * Locks nothing. One statement sees one state of the database, so that content and number fit
 * together. Uses orders_of_user twice for each user, and the primary keys of heads and accounts.
 */
const readSnapshotsStatement: Statement = {
  name: 'read_snapshots',
  text: `
    select reader.index, head.number, head.event_id as "eventId",
      account.balance_minor as "balanceMinor", account.currency_code as "accountCurrencyCode",
      account.ledger_version as "ledgerVersion",
      o.order_id as "orderId", o.state, o.failure_reason as "failureReason",
      o.amount_minor as "amountMinor", o.currency_code as "currencyCode", o.version,
      o.update_time as "time"
    from unnest($1::text[]) with ordinality as reader (user_id, index)
    left join heads as head on head.user_id = reader.user_id
    left join accounts as account on account.user_id = reader.user_id
    left join lateral (
      (
        select ${columns} from orders where orders.user_id = reader.user_id and unfinished
        order by order_id desc limit ${unfinishedMax}
      )
      union all
      (
        select ${columns} from orders where orders.user_id = reader.user_id and not unfinished
        order by order_id desc limit ${finishedMax}
      )
    ) as o on true
    order by reader.index, o.order_id desc`,
};

interface Row extends ShownOrder {
  index: bigint;
  number: bigint | null;
  eventId: string | null;
  balanceMinor: bigint | null;
  accountCurrencyCode: string;
  ledgerVersion: bigint;
}

/** One snapshot for each user, in their order. */
export async function readSnapshots(tx: Tx, userIds: readonly string[]): Promise<Snapshot[]> {
  if (userIds.length === 0) return [];
  const rows = await tx.query<Row>(readSnapshotsStatement, [userIds]);
  const snapshots: Snapshot[] = [];
  for (const row of rows) {
    const snapshot = (snapshots[Number(row.index) - 1] ??= emptySnapshot(row));
    if (row.orderId !== null) snapshot.orders.push(row);
  }
  return snapshots;
}

function emptySnapshot(row: Row): Snapshot {
  const { number, eventId, balanceMinor, accountCurrencyCode, ledgerVersion } = row;
  return {
    position: number !== null && eventId !== null ? { number, eventId } : start,
    orders: [],
    account:
      balanceMinor === null
        ? undefined
        : { balanceMinor, currencyCode: accountCurrencyCode, ledgerVersion },
  };
}
