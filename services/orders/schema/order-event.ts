import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { Actor } from '../domain/change-orders.ts';
import type { OrderState } from '../domain/order-state.ts';

/** A line of an order's history as cold reads see it. Append-only; writes go through `sql/`. */
export const OrderEventRow = defineEntity({
  name: 'OrderEventRow',
  tableName: 'order_events',
  properties: {
    orderId: p.uuid().primary(),
    version: p.bigint().primary(),
    eventId: p.uuid(),
    fromState: p.text().$type<OrderState>().nullable(),
    toState: p.text().$type<OrderState>(),
    failureReason: p.text().nullable(),
    actor: p.text().$type<Actor>(),
    actorUserId: p.text().nullable(),
    reason: p.text(),
    causeEventId: p.uuid().nullable(),
    causeStreamSequence: p.bigint().nullable(),
    causeStreamTime: p.datetime(3).nullable(),
    createTime: p.datetime(3),
  },
});

export type OrderEventRow = InferEntity<typeof OrderEventRow>;
