import type { Order } from '#gen/purser/orders/v1/order.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { applyChanges } from '../apply-changes.ts';
import type { ChangeDecision, OrderChange } from '../domain/change-orders.ts';
import { type Action, allowedActions } from '../domain/order-state.ts';
import { countSteps } from '../order-metrics.ts';
import type { OrderRow } from '../schema/order.ts';
import { selectOrders } from '../sql/lock-orders.ts';
import type { StepWrite } from '../sql/write-steps.ts';
import { orderMessage } from './order-message.ts';
import { requireVisible } from './require-visible.ts';

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
  const { order, steps } = await database.transaction(async (tx) => {
    const id = orderIdOf(request.name);
    const change = id ? [actionChange(id, action, request, call)] : [];
    const applied = await applyChanges(tx, change, { now: clock(), shipment });
    const before = id ? applied.orders.get(id) : undefined;
    requireAllowed(call, request, before, applied);
    const [after] = await selectOrders(tx, [before.id]);
    return { order: after ?? before, steps: applied.steps };
  });
  committed();
  countSteps(steps);
  return orderMessage(order);
}

function actionChange(
  orderId: string,
  trigger: Action,
  { reason }: ActionRequest,
  { userId, isStaff, traceparent }: CallContext,
): OrderChange {
  return {
    orderId,
    trigger,
    failureReason: null,
    actor: isStaff ? 'STAFF' : 'USER',
    actorUserId: userId,
    reason,
    causeEventId: null,
    traceparent,
  };
}

/** Throws after the write, which rolls it back: only the locked row says what is true. */
function requireAllowed(
  call: CallContext,
  request: ActionRequest,
  order: OrderRow | undefined,
  { refused, steps }: ChangeDecision,
): asserts order is OrderRow {
  requireVisible(order, request.name, call);
  if (refused.length > 0) {
    throw new PurserError('ORDER_STATE_CONFLICT', {
      order: request.name,
      state: order.state,
      allowed_actions: allowedActions(order.state).join(', ') || 'none',
    });
  }
  const { etag } = orderMessage(order);
  if (steps.length > 0 && request.etag !== '' && request.etag !== etag) {
    throw new PurserError('ETAG_MISMATCH', { order: request.name, etag });
  }
}
