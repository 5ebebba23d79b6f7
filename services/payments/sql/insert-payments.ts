import type { OutboxEvent } from '#lib/outbox/event.ts';
import { outboxColumns } from '#lib/outbox/event.ts';
import { ConflictError } from '#lib/pg/failure.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Payment } from '../domain/settle.ts';

/**
 * Decisions and the events that tell them, in one statement. The primary key is the fence: an order
 * that another transaction decided meanwhile (possible only where no wallet's lock kept it out) is
 * not written again. Inserted in the order of the keys, so that two batches cannot deadlock.
 *
 * Outcome: the number of decisions written.
 */
const insertPaymentsStatement: Statement = {
  name: 'insert_payments',
  text: `
    with decided as (
      insert into payments
        (order_id, user_id, amount_minor, currency_code, state, failure_reason, ledger_version,
          create_time)
      select * from unnest(
        $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
        $8::timestamptz[]
      ) as t (order_id, user_id, amount_minor, currency_code, state, failure_reason,
        ledger_version, create_time)
      order by order_id
      on conflict (order_id) do nothing
      returning 1
    ), published as (
      insert into outbox (event_id, type, subject, about, payload)
      select * from unnest($9::uuid[], $10::text[], $11::text[], $12::text[], $13::bytea[])
    )
    select count(*) as decided from decided`,
};

/**
 * Throws `ConflictError` when an order had been decided meanwhile, so that the transaction runs
 * again.
 */
export async function insertPayments(
  tx: Tx,
  payments: readonly Payment[],
  events: readonly OutboxEvent[],
): Promise<void> {
  const [row] = await tx.query<{ decided: bigint }>(insertPaymentsStatement, [
    payments.map(({ orderId }) => orderId),
    payments.map(({ userId }) => userId),
    payments.map(({ amountMinor }) => amountMinor),
    payments.map(({ currencyCode }) => currencyCode),
    payments.map(({ state }) => state),
    payments.map(({ failureReason }) => failureReason),
    payments.map(({ ledgerVersion }) => ledgerVersion),
    payments.map(({ createTime }) => createTime),
    ...outboxColumns(events),
  ]);
  if (row?.decided !== BigInt(payments.length)) {
    throw new ConflictError(`${row?.decided} of ${payments.length} payments were new`);
  }
}
