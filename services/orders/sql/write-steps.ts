import type { OutboxEvent } from '#lib/outbox/event.ts';
import { outboxColumns } from '#lib/outbox/event.ts';
import { ConflictError } from '#lib/pg/failure.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { OrderStep } from '../domain/change-orders.ts';
import { transitions } from '../domain/order-state.ts';

/** A step of an order's history together with what is published about it. */
export interface StepWrite extends OrderStep {
  event: OutboxEvent;
}

/**
 * Orders, history and outbox in one statement. The rows are locked already (`lockOrders`); the
 * guard lets a step through only from the state and the version that it was decided on, along the
 * one table of transitions. Uses the primary keys.
 *
 * Outcome: the number of steps written. An order that makes several steps gets the state of its
 * last.
 */
const writeStepsStatement: Statement = {
  name: 'write_steps',
  text: `
    with input as (
      select * from unnest(
        $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[]
      ) as t (order_id, version, from_state, to_state, failure_reason, event_id, cause_event_id)
      where (from_state, to_state) in (select * from unnest($13::text[], $14::text[]))
    ), span as (
      select order_id, min(version) - 1 as old_version, max(version) as new_version
      from input group by order_id
    ), changed as (
      update orders
      set state = last.to_state, failure_reason = last.failure_reason, version = last.version,
        update_time = $15
      from span
        join input as first on first.order_id = span.order_id
          and first.version = span.old_version + 1
        join input as last on last.order_id = span.order_id and last.version = span.new_version
      where orders.id = span.order_id
        and orders.version = span.old_version and orders.state = first.from_state
      returning orders.id
    ), history as (
      insert into order_events
        (order_id, version, event_id, from_state, to_state, failure_reason, cause_event_id,
          create_time)
      select order_id, input.version, event_id, from_state, to_state, failure_reason,
        cause_event_id, $15
      from input join changed on changed.id = input.order_id
      returning event_id
    ), published as (
      insert into outbox (event_id, type, subject, about, payload)
      select event.*
      from unnest($8::uuid[], $9::text[], $10::text[], $11::text[], $12::bytea[])
        as event (event_id, type, subject, about, payload)
      join history using (event_id)
    )
    select count(*) as written from history`,
};

/** Throws `ConflictError` when a guard did not hold, so that the transaction runs again. */
export async function writeSteps(tx: Tx, steps: readonly StepWrite[], now: Date): Promise<void> {
  const [row] = await tx.query<{ written: bigint }>(writeStepsStatement, [
    steps.map(({ orderId }) => orderId),
    steps.map(({ version }) => version),
    steps.map(({ from }) => from),
    steps.map(({ to }) => to),
    steps.map(({ failureReason }) => failureReason),
    steps.map(({ event }) => event.eventId),
    steps.map(({ causeEventId }) => causeEventId),
    ...outboxColumns(steps.map(({ event }) => event)),
    transitions.map(({ from }) => from),
    transitions.map(({ to }) => to),
    now,
  ]);
  if (row?.written !== BigInt(steps.length)) {
    throw new ConflictError(`${row?.written} of ${steps.length} order steps passed their guard`);
  }
}
