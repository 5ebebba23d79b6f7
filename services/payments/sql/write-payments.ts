import type { OutboxEvent } from '#lib/outbox/event.ts';
import { outboxColumns } from '#lib/outbox/event.ts';
import { ConflictError } from '#lib/pg/failure.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { Payment } from '../domain/settle.ts';

/**
 * Decisions, refunds and the events that tell them, in one statement. The primary key is the fence:
 * an order that another transaction decided meanwhile (possible only where no wallet's lock kept it
 * out) is not written again, and only a captured payment is refunded. Rows are touched in the order
 * of their keys, so that two batches cannot deadlock.
 *
 * Outcome: the number of decisions and refunds written.
 */
const writePaymentsStatement: Statement = {
  name: 'write_payments',
  text: `
    with decided as (
      insert into payments
        (order_id, user_id, amount_minor, currency_code, state, failure_reason, ledger_version,
          create_time, update_time)
      select * from unnest(
        $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
        $8::timestamptz[], $9::timestamptz[]
      ) as t (
        order_id, user_id, amount_minor, currency_code, state, failure_reason, ledger_version,
        create_time, update_time
      )
      order by order_id
      on conflict (order_id) do nothing
      returning 1
    ), refunded as (
      update payments
      set state = 'REFUNDED', ledger_version = t.ledger_version, update_time = t.update_time
      from unnest($10::uuid[], $11::bigint[], $12::timestamptz[])
        as t (order_id, ledger_version, update_time)
      where payments.order_id = t.order_id and payments.state = 'CAPTURED'
      returning 1
    ), published as (
      insert into outbox (event_id, type, subject, about, payload, traceparent)
      select * from unnest(
        $13::uuid[], $14::text[], $15::text[], $16::text[], $17::bytea[], $18::text[]
      )
    )
    select (select count(*) from decided) + (select count(*) from refunded) as written`,
};

/**
 * Throws `ConflictError` when an order had changed meanwhile, so that the transaction runs again.
 */
export async function writePayments(
  tx: Tx,
  { decided, refunded }: { decided: readonly Payment[]; refunded: readonly Payment[] },
  events: readonly OutboxEvent[],
): Promise<void> {
  const [row] = await tx.query<{ written: bigint }>(writePaymentsStatement, [
    decided.map(({ orderId }) => orderId),
    decided.map(({ userId }) => userId),
    decided.map(({ amountMinor }) => amountMinor),
    decided.map(({ currencyCode }) => currencyCode),
    decided.map(({ state }) => state),
    decided.map(({ failureReason }) => failureReason),
    decided.map(({ ledgerVersion }) => ledgerVersion),
    decided.map(({ createTime }) => createTime),
    decided.map(({ updateTime }) => updateTime),
    refunded.map(({ orderId }) => orderId),
    refunded.map(({ ledgerVersion }) => ledgerVersion),
    refunded.map(({ updateTime }) => updateTime),
    ...outboxColumns(events),
  ]);
  const expected = BigInt(decided.length + refunded.length);
  if (row?.written !== expected) {
    throw new ConflictError(`${row?.written} of ${expected} payments passed their guard`);
  }
}
