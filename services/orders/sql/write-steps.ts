import type { OutboxEvent } from '#lib/outbox/event.ts';
import { outboxColumns } from '#lib/outbox/event.ts';
import { ConflictError } from '#lib/pg/failure.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type { OrderStep } from '../domain/change-orders.ts';
import { transitions } from '../domain/order-state.ts';
import { waitMsMax } from '../domain/reconcile.ts';

/** A step of an order's history, what is published about it, and what else it sets. */
export interface StepWrite extends OrderStep {
  /** Identity of the step: of its row in the history and of its OrderStateChanged. */
  eventId: string;
  events: OutboxEvent[];
  /** Set exactly when the order is shipped. */
  shipment: { carrier: string; trackingCode: string } | null;
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
        $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $23::bigint[],
        $24::timestamptz[]
      ) as t (
        order_id, version, from_state, to_state, failure_reason, actor, actor_user_id, reason,
        event_id, cause_event_id, carrier, tracking_code, cause_stream_sequence, cause_stream_time
      )
      where (from_state, to_state) in (select * from unnest($13::text[], $14::text[]))
    ), span as (
      select order_id, min(version) - 1 as old_version, max(version) as new_version,
        max(carrier) as carrier, max(tracking_code) as tracking_code
      from input group by order_id
    ), changed as (
      update orders
      set state = last.to_state, failure_reason = last.failure_reason, version = last.version,
        carrier = coalesce(span.carrier, orders.carrier),
        tracking_code = coalesce(span.tracking_code, orders.tracking_code),
        update_time = $15::timestamptz,
        check_time = $15::timestamptz + ${waitMsMax} * interval '1 millisecond', checks = 0
      from span
        join input as first
          on first.order_id = span.order_id and first.version = span.old_version + 1
        join input as last on last.order_id = span.order_id and last.version = span.new_version
      where orders.id = span.order_id
        and orders.version = span.old_version and orders.state = first.from_state
      returning orders.id
    ), history as (
      insert into order_events
        (order_id, version, event_id, from_state, to_state, failure_reason, actor, actor_user_id,
          reason, cause_event_id, cause_stream_sequence, cause_stream_time, create_time)
      select order_id, input.version, event_id, from_state, to_state, failure_reason, actor,
        actor_user_id, reason, cause_event_id, cause_stream_sequence, cause_stream_time, $15
      from input join changed on changed.id = input.order_id
      returning event_id
    ), published as (
      insert into outbox (event_id, type, subject, about, payload, traceparent)
      select event.event_id, event.type, event.subject, event.about, event.payload,
        event.traceparent
      from unnest(
        $16::uuid[], $17::uuid[], $18::text[], $19::text[], $20::text[], $21::bytea[], $22::text[]
      ) as event (step_id, event_id, type, subject, about, payload, traceparent)
      join history on history.event_id = event.step_id
    )
    select count(*) as written from history`,
};

/** Throws `ConflictError` when a guard did not hold, so that the transaction runs again. */
export async function writeSteps(tx: Tx, steps: readonly StepWrite[], now: Date): Promise<void> {
  if (steps.length === 0) return;
  const owned = steps.flatMap(({ eventId, events }) => events.map((event) => ({ eventId, event })));
  const [row] = await tx.query<{ written: bigint }>(writeStepsStatement, [
    steps.map(({ orderId }) => orderId),
    steps.map(({ version }) => version),
    steps.map(({ from }) => from),
    steps.map(({ to }) => to),
    steps.map(({ failureReason }) => failureReason),
    steps.map(({ actor }) => actor),
    steps.map(({ actorUserId }) => actorUserId),
    steps.map(({ reason }) => reason),
    steps.map(({ eventId }) => eventId),
    steps.map(({ causeEventId }) => causeEventId),
    steps.map(({ shipment }) => shipment?.carrier ?? null),
    steps.map(({ shipment }) => shipment?.trackingCode ?? null),
    transitions.map(({ from }) => from),
    transitions.map(({ to }) => to),
    now,
    owned.map(({ eventId }) => eventId),
    ...outboxColumns(owned.map(({ event }) => event)),
    steps.map(({ causeStreamed }) => causeStreamed?.sequence ?? null),
    steps.map(({ causeStreamed }) => causeStreamed?.time ?? null),
  ]);
  if (row?.written !== BigInt(steps.length)) {
    throw new ConflictError(`${row?.written} of ${steps.length} order steps passed their guard`);
  }
}
