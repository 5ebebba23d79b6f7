import { Notification_Kind } from '#gen/purser/notifications/v1/notification.ts';
import { OrderStateChanged } from '#gen/purser/orders/v1/events.ts';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { OrderHappening } from '../domain/happening.ts';
import { eventTime, moneyOf, userOf } from './event-fields.ts';

/** The states that a user is notified of; the others are only shown. */
const noticeKinds: Readonly<Record<number, Notification_Kind>> = {
  [Order_State.PAID]: Notification_Kind.ORDER_PAID,
  [Order_State.FAILED]: Notification_Kind.ORDER_FAILED,
  [Order_State.ASSEMBLED]: Notification_Kind.ORDER_ASSEMBLED,
  [Order_State.SHIPPED]: Notification_Kind.ORDER_SHIPPED,
  [Order_State.DELIVERED]: Notification_Kind.ORDER_DELIVERED,
  [Order_State.CANCELLED]: Notification_Kind.ORDER_CANCELLED,
};

/** Throws for an event that nobody can be told of, which sends it to the dead letters. */
export function orderStateChanged(delivery: Delivery): OrderHappening {
  const event = OrderStateChanged.decode(delivery.payload);
  const { order, state, failureReason, version } = event;
  const orderId = orderIdOf(order);
  if (!orderId) throw new Error(`"${order}" is not the name of an order`);
  if (version < 1n) throw new Error(`an order of version ${version}`);
  const amount = moneyOf(event.amount);
  const kind = noticeKinds[state];
  return {
    kind: 'order',
    eventId: delivery.eventId,
    userId: userOf(event.userId),
    time: eventTime(event.changeTime, delivery),
    deliveries: delivery.deliveries,
    traceparent: delivery.traceparent,
    orderId,
    version,
    state,
    failureReason,
    ...amount,
    notice: kind === undefined ? null : { kind, orderId, ...amount, failureReason },
  };
}
