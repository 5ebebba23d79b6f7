import type { OutboxEvent } from '#lib/outbox/event.ts';
import { outboxColumns } from '#lib/outbox/event.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { StoredLine } from '../domain/order-lines.ts';
import { waitMsMax } from '../domain/reconcile.ts';
import type { StoredRecipient } from '../schema/order.ts';

export interface OrderInsert {
  id: string;
  userId: string;
  /** Idempotency key and fingerprint of the request; null when the caller sent no key. */
  requestId: string | null;
  fingerprint: Buffer;
  amountMinor: bigint;
  currencyCode: string;
  description: string;
  /** Null for an order without lines. */
  lines: StoredLine[] | null;
  lineCount: number;
  recipient: StoredRecipient | null;
  createTime: Date;
  /** Id of the history's first event. */
  eventId: string;
  /** What to publish when the order is new. */
  events: OutboxEvent[];
}

/**
 * What became of one input. `orderId` is the order that the key stands for, which may be an older
 * one.
 */
export interface OrderInsertOutcome {
  created: boolean;
  orderId: string;
  /** Fingerprint of the request that the key was used for first. */
  fingerprint: Buffer;
}

/**
 * Orders, their first history event, their outbox messages and their idempotency keys in one
 * statement.
 *
 * Locks: the rows of `requests`, in key order, so that two batches with the same keys cannot
 * deadlock. `do update` (which changes nothing) makes the loser of a race for a key wait for the
 * winner and get its row; `do nothing` would give it none. Uses the primary keys only.
 *
 * Outcome per input: created, or the order that its key already stands for. The winner may have
 * committed after this statement's snapshot: read its order with a statement of its own.
 */
const insertOrdersStatement: Statement = {
  name: 'insert_orders',
  text: `
    with input as (
      select * from unnest(
        $1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[], $7::text[],
        $8::timestamptz[], $9::uuid[], $17::jsonb[], $18::int[],
        $19::jsonb[]
      ) with ordinality as t (
        id, user_id, request_id, fingerprint, amount_minor, currency_code, description,
        create_time, event_id, lines, line_count, recipient, n
      )
    ), keyed as (
      insert into requests as stored (user_id, request_id, fingerprint, order_id, create_time)
      select user_id, request_id, fingerprint, id, create_time
      from input where request_id is not null
      order by user_id, request_id
      on conflict (user_id, request_id) do update set fingerprint = stored.fingerprint
      returning user_id, request_id, fingerprint, order_id
    ), outcome as (
      select input.*,
        coalesce(keyed.order_id, input.id) as stored_order_id,
        coalesce(keyed.fingerprint, input.fingerprint) as stored_fingerprint
      from input left join keyed using (user_id, request_id)
    ), created as (
      insert into orders
        (id, user_id, state, amount_minor, currency_code, description, lines, line_count,
          recipient, version, create_time, update_time, check_time)
      select id, user_id, 'PENDING', amount_minor, currency_code, description, lines, line_count,
        recipient, 1, create_time, create_time,
        create_time + ${waitMsMax} * interval '1 millisecond'
      from outcome where stored_order_id = id
    ), history as (
      insert into order_events
        (order_id, version, event_id, to_state, actor, actor_user_id, create_time)
      select id, 1, event_id, 'PENDING', 'USER', user_id, create_time
      from outcome where stored_order_id = id
    ), published as (
      insert into outbox (event_id, type, subject, about, payload, traceparent)
      select event.event_id, event.type, event.subject, event.about, event.payload,
        event.traceparent
      from unnest(
        $10::uuid[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::text[]
      ) as event (order_id, event_id, type, subject, about, payload, traceparent)
      join outcome on outcome.id = event.order_id and outcome.stored_order_id = outcome.id
    )
    select stored_order_id = id as created, stored_order_id as "orderId",
      stored_fingerprint as fingerprint
    from outcome order by n`,
};

/** No key may stand in `orders` twice. */
export async function insertOrders(
  tx: Tx,
  orders: readonly OrderInsert[],
): Promise<OrderInsertOutcome[]> {
  const owned = orders.flatMap((order) =>
    order.events.map((event) => ({ event, orderId: order.id })),
  );
  return tx.query<OrderInsertOutcome>(insertOrdersStatement, [
    orders.map(({ id }) => id),
    orders.map(({ userId }) => userId),
    orders.map(({ requestId }) => requestId),
    orders.map(({ fingerprint }) => fingerprint),
    orders.map(({ amountMinor }) => amountMinor),
    orders.map(({ currencyCode }) => currencyCode),
    orders.map(({ description }) => description),
    orders.map(({ createTime }) => createTime),
    orders.map(({ eventId }) => eventId),
    owned.map(({ orderId }) => orderId),
    ...outboxColumns(owned.map(({ event }) => event)),
    orders.map(({ lines }) => lines && JSON.stringify(lines)),
    orders.map(({ lineCount }) => lineCount),
    orders.map(({ recipient }) => recipient && JSON.stringify(recipient)),
  ]);
}
