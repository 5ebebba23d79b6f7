import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * The message that asked Payments for what an order waits for: it was written in the transaction of
 * the order's last step, whose id in the history is the id of another message of that transaction.
 * Locks nothing. Uses the primary keys and the unique index on event_id.
 *
 * Outcome: an order whose last step is another one by now is left out; `eventId` is null when the
 * outbox does not have the message any more.
 */
const selectRequestsStatement: Statement = {
  name: 'select_requests',
  text: `
    with wanted as (
      select t.order_id, 'orders/' || t.order_id as about, t.type, step.event_id
      from unnest($1::uuid[], $2::text[], $3::text[]) as t (order_id, state, type)
        join orders on orders.id = t.order_id and orders.state = t.state
        join order_events step on step.order_id = t.order_id and step.version = orders.version
    )
    select wanted.order_id as "orderId", o.event_id as "eventId"
    from wanted
      left join outbox known on known.event_id = wanted.event_id and known.publication = 1
      left join outbox o on o.tx = known.tx and o.about = wanted.about and o.type = wanted.type`,
};

/** Event id of the request of each order that is still in that state, by the order's id. */
export async function selectRequests(
  tx: Tx,
  orders: readonly { id: string; state: string; type: string }[],
): Promise<Map<string, string | null>> {
  const rows = await tx.query<{ orderId: string; eventId: string | null }>(
    selectRequestsStatement,
    [orders.map(({ id }) => id), orders.map(({ state }) => state), orders.map(({ type }) => type)],
  );
  return new Map(rows.map(({ orderId, eventId }) => [orderId, eventId]));
}
