import type { Order } from '#gen/purser/orders/v1/order.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { applyChanges } from '../apply-changes.ts';
import { type Action, allowedActions } from '../domain/order-state.ts';
import type { OrderRow } from '../schema/order.ts';
import { selectOrders } from '../sql/lock-orders.ts';
import type { StepWrite } from '../sql/write-steps.ts';
import { orderMessage } from './order-message.ts';

export interface ActionRequest {
  name: string;
  /** Why, for the history. */
  reason: string;
  /** The order's etag as the caller saw it; empty: no matter. */
  etag: string;
}

/**
 * Does an action of a person and returns the order after it. An action that is done already changes
 * nothing and answers with the order as it is, whatever etag came with it: it may be a repeat.
 * Throws ORDER_NOT_FOUND, ORDER_STATE_CONFLICT, ETAG_MISMATCH.
 */
export async function actOnOrder(
  { database, clock, committed }: ServiceDeps,
  call: CallContext,
  action: Action,
  request: ActionRequest,
  shipment: StepWrite['shipment'] = null,
): Promise<Order> {
  const order = await database.transaction((tx) => act(tx, { call, action, request, shipment }));
  committed();
  return orderMessage(order);

  async function act(tx: Tx, wish: Wish): Promise<OrderRow> {
    const id = orderIdOf(request.name);
    const change = {
      orderId: id ?? '',
      trigger: action,
      failureReason: null,
      actor: call.isStaff ? ('STAFF' as const) : ('USER' as const),
      actorUserId: call.userId,
      reason: request.reason,
      causeEventId: null,
      traceparent: call.traceparent,
    };
    const applied = await applyChanges(tx, id ? [change] : [], { now: clock(), shipment });
    const before = applied.orders.get(change.orderId);
    requireAllowed(wish, before, applied.refused.length > 0, applied.steps.length > 0);
    const [after] = await selectOrders(tx, [before.id]);
    return after ?? before;
  }
}

interface Wish {
  call: CallContext;
  action: Action;
  request: ActionRequest;
  shipment: StepWrite['shipment'];
}

/** Throws after the write, which rolls it back: only the locked row says what is true. */
function requireAllowed(
  { call, request }: Wish,
  order: OrderRow | undefined,
  refused: boolean,
  stepped: boolean,
): asserts order is OrderRow {
  if (!order || (order.userId !== call.userId && !call.isStaff)) {
    throw new PurserError('ORDER_NOT_FOUND', { order: request.name });
  }
  if (refused) {
    throw new PurserError('ORDER_STATE_CONFLICT', {
      order: request.name,
      state: order.state,
      allowed_actions: allowedActions(order.state).join(', ') || 'none',
    });
  }
  const { etag } = orderMessage(order);
  if (stepped && request.etag !== '' && request.etag !== etag) {
    throw new PurserError('ETAG_MISMATCH', { order: request.name, etag });
  }
}
