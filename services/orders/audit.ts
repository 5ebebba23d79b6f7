import { graceSql, type TableInvariant } from '#lib/audit/invariant.ts';
import { outboxInvariants, outboxSinceSql } from '#lib/audit/outbox-invariants.ts';
import { transitions } from './domain/order-state.ts';
import { isWaiting } from './sql/claim-waiting-orders.ts';

const allowed = transitions.map(({ from, to }) => `('${from}', '${to}')`).join(', ');

/** A step of the history that Payments was asked in, and the type of the message that did. */
const requests = `
  select o.id as order_id, 1 as version, 'purser.orders.v1.PaymentRequested' as type, create_time
  from orders o
  union all
  select order_id, version, 'purser.orders.v1.PaymentCancellationRequested', create_time
  from order_events where to_state = 'CANCELLING'`;

/** What must hold of the tables of Orders at every moment. */
export const ordersInvariants: readonly TableInvariant[] = [
  {
    id: 'I7',
    says: 'No order waits for Payments longer than the grace time.',
    unit: 'orders',
    checked: 'select count(*) from orders',
    broken: `select id, user_id, state, update_time, checks from orders
      where ${isWaiting} and update_time < now() - ${graceSql}`,
    inFlight: `select count(*) from orders
      where ${isWaiting} and update_time >= now() - ${graceSql}`,
    means: 'Payments has not answered, although it is asked again every few seconds or minutes.',
    repair: 'Look at I11 and I12 and whether Payments runs; the reconciler does the rest.',
  },
  {
    id: 'I8',
    says: 'Every history begins with PENDING and goes on without a gap along the allowed steps.',
    unit: 'steps',
    checked: 'select count(*) from order_events',
    broken: `
      select order_id, version, from_state, to_state, create_time from (
        select *, lag(to_state) over w as state_before, row_number() over w as n
        from order_events
        window w as (partition by order_id order by version)
      ) as step
      where version <> n or from_state is distinct from state_before
        or from_state is null and to_state <> 'PENDING'
        or from_state is not null and (from_state, to_state) not in (values ${allowed})`,
    means: 'A step was lost or made up, or an order left a final state.',
    repair: 'Compare the steps with their messages in outbox; the lines of the log name the cause.',
  },
  {
    id: 'I9',
    says: 'Every idempotency key leads to an order of its user, and no order has two keys.',
    unit: 'keys',
    checked: 'select count(*) from requests',
    broken: `
      select r.user_id, r.request_id, r.order_id, r.create_time
      from requests r left join orders o on o.id = r.order_id and o.user_id = r.user_id
      where o.id is null
      union all
      select min(user_id), string_agg(request_id, ', '), order_id, min(create_time)
      from requests group by order_id having count(*) > 1`,
    means: 'A caller who repeats the call gets an error, or the order of another call.',
    repair: 'Restore the order, or delete the key after its user has been asked.',
  },
  {
    id: 'I10',
    says: 'Every step told of itself, and asked Payments for what it needs, in its transaction.',
    unit: 'steps',
    checked: `select count(*) from order_events where create_time >= ${outboxSinceSql}`,
    broken: `
      select e.order_id, e.version, 'purser.orders.v1.OrderStateChanged' as type
      from order_events e left join outbox o on o.event_id = e.event_id and o.publication = 1
      where o.event_id is null and e.create_time >= ${outboxSinceSql}
      union all
      select asked.order_id, asked.version, asked.type
      from (${requests}) as asked
        left join (select distinct about, type from outbox) as o
          on o.about = 'orders/' || asked.order_id and o.type = asked.type
      where o.about is null and asked.create_time >= ${outboxSinceSql}`,
    means: 'A message was never written, or was deleted: nobody can publish it.',
    repair: 'The reconciler makes a lost request anew; live views are right when they reconnect.',
  },
  {
    id: 'I17',
    says: 'The history rebuilds the order, and none is without its order.',
    unit: 'orders',
    checked: 'select count(*) from orders',
    broken: `
      select coalesce(o.id, last.order_id) as id, o.state, o.version,
        last.to_state as history_state, last.version as history_version
      from orders o full join (
        select distinct on (order_id) * from order_events order by order_id, version desc
      ) as last on last.order_id = o.id
      where (o.state, o.version, o.update_time, o.failure_reason)
        is distinct from (last.to_state, last.version, last.create_time, last.failure_reason)`,
    means: 'The order was changed past its history, or deleted.',
    repair: 'Set the order back to what its last step says; the history is the truth.',
  },
  {
    id: 'I18',
    says: 'The lines of an order total its amount.',
    unit: 'orders with lines',
    checked: 'select count(*) from orders where lines is not null',
    broken: `
      select id, amount_minor, line_count, total from orders cross join lateral (
        select count(*) as lines,
          sum((line ->> 'quantity')::numeric * (line ->> 'unitAmountMinor')::numeric) as total
        from jsonb_array_elements(orders.lines) as line
      ) as sum
      where orders.lines is not null and (sum.lines <> line_count or total <> amount_minor)`,
    means: 'The user pays another sum than the order shows.',
    repair: 'Compare with the payment; refund the difference by cancelling the order.',
  },
  ...outboxInvariants,
];
