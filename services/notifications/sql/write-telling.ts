import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { isSampled } from '#lib/trace/trace-parent.ts';
import type { Change, Telling } from '../domain/tell.ts';

/**
 * A batch of events with all that they are to their users, in one statement. The users' heads are
 * locked already (`lockHeads`), which keeps every other writer of these rows out: an order, an
 * account and an event belong to one user. Uses the primary keys. No outcome: an event that is in
 * the inbox already violates its primary key, which `selectTold` has ruled out.
 */
const writeTellingStatement: Statement = {
  name: 'write_telling',
  text: `
    with taken as (
      insert into inbox (event_id) select * from unnest($1::uuid[])
    ), lines as (
      insert into changes (user_id, number, event_id, content, traceparent, create_time)
      select t.*, $6
      from unnest($2::text[], $3::bigint[], $4::uuid[], $5::bytea[], $27::text[]) as t
    ), moved as (
      update heads set number = last.number, event_id = last.event_id
      from (
        select distinct on (user_id) user_id, number, event_id
        from unnest($2::text[], $3::bigint[], $4::uuid[]) as t (user_id, number, event_id)
        order by user_id, number desc
      ) as last
      where heads.user_id = last.user_id
    ), shown as (
      insert into orders as o (order_id, user_id, state, failure_reason, amount_minor,
        currency_code, version, update_time)
      select * from unnest($7::uuid[], $8::text[], $9::smallint[], $10::smallint[], $11::bigint[],
        $12::text[], $13::bigint[], $14::timestamptz[])
      on conflict (order_id) do update
      set state = excluded.state, failure_reason = excluded.failure_reason,
        amount_minor = excluded.amount_minor, currency_code = excluded.currency_code,
        version = excluded.version, update_time = excluded.update_time
    ), held as (
      insert into accounts (user_id, balance_minor, currency_code, ledger_version)
      select * from unnest($15::text[], $16::bigint[], $17::text[], $18::bigint[])
      on conflict (user_id) do update
      set balance_minor = excluded.balance_minor, currency_code = excluded.currency_code,
        ledger_version = excluded.ledger_version
    )
    insert into notifications (event_id, user_id, kind, order_id, amount_minor, currency_code,
      failure_reason, create_time)
    select * from unnest($19::uuid[], $20::text[], $21::smallint[], $22::uuid[], $23::bigint[],
      $24::text[], $25::smallint[], $26::timestamptz[])`,
};

/** A line of a user's log with its bytes. */
export type Line = Change & { content: Uint8Array };

export async function writeTelling(
  tx: Tx,
  { taken, lines, orders, accounts }: Telling & { lines: readonly Line[] },
  now: Date,
): Promise<void> {
  if (taken.length === 0) return;
  const notices = taken.flatMap(({ eventId, userId, time, notice }) =>
    notice ? { ...notice, eventId, userId, time } : [],
  );
  await tx.query(writeTellingStatement, [
    taken.map(({ eventId }) => eventId),
    lines.map(({ userId }) => userId),
    lines.map(({ number }) => number),
    lines.map(({ happening }) => happening.eventId),
    lines.map(({ content }) => Buffer.from(content)),
    now,
    orders.map(({ orderId }) => orderId),
    orders.map(({ userId }) => userId),
    orders.map(({ state }) => state),
    orders.map(({ failureReason }) => failureReason),
    orders.map(({ amountMinor }) => amountMinor),
    orders.map(({ currencyCode }) => currencyCode),
    orders.map(({ version }) => version),
    orders.map(({ time }) => time),
    accounts.map(({ userId }) => userId),
    accounts.map(({ balanceMinor }) => balanceMinor),
    accounts.map(({ currencyCode }) => currencyCode),
    accounts.map(({ ledgerVersion }) => ledgerVersion),
    notices.map(({ eventId }) => eventId),
    notices.map(({ userId }) => userId),
    notices.map(({ kind }) => kind),
    notices.map(({ orderId }) => orderId),
    notices.map(({ amountMinor }) => amountMinor),
    notices.map(({ currencyCode }) => currencyCode),
    notices.map(({ failureReason }) => failureReason),
    notices.map(({ time }) => time),
    lines.map(({ happening: { traceparent } }) => (isSampled(traceparent) ? traceparent : null)),
  ]);
}
