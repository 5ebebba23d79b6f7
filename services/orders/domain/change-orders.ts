import { judge, type OrderState, rules, type Trigger } from './order-state.ts';

/** Who causes a change. */
export type Actor = 'USER' | 'STAFF' | 'PAYMENTS';

/** The wish to bring one order on. */
export interface OrderChange {
  orderId: string;
  trigger: Trigger;
  /** Set exactly when the trigger is PAYMENT_FAILED. */
  failureReason: string | null;
  actor: Actor;
  /** The user who called; null for PAYMENTS. */
  actorUserId: string | null;
  /** Why, in the words of the one who called. */
  reason: string;
  /** The event that asks for it; null for a call. */
  causeEventId: string | null;
  /** Where the broker keeps that event; for the trace of the message alone. */
  causeStreamed?: { sequence: bigint; time: Date } | undefined;
  /** Trace parent of the call or event that asks for it. */
  traceparent: string | undefined;
}

/** The part of an order that decides whether it may change. */
export interface OrderVersion {
  id: string;
  state: OrderState;
  version: bigint;
}

/** One step of one order: a row of its history. */
export interface OrderStep extends OrderChange {
  from: OrderState;
  to: OrderState;
  /** The order's version after the step. */
  version: bigint;
}

export interface ChangeDecision {
  /** What to write, in the order of the changes. */
  steps: OrderStep[];
  /**
   * Changes that the order's state does not allow; those that are done already are not among them.
   */
  refused: (OrderChange & { from: OrderState })[];
  /** Changes of orders that do not exist. */
  unknown: OrderChange[];
}

/** Decides a batch of changes, one after the other, against the locked orders. */
export function changeOrders(
  orders: readonly OrderVersion[],
  changes: readonly OrderChange[],
): ChangeDecision {
  const current = new Map(orders.map(({ id, state, version }) => [id, { state, version }]));
  const decision: ChangeDecision = { steps: [], refused: [], unknown: [] };
  for (const change of changes) {
    const order = current.get(change.orderId);
    if (!order) {
      decision.unknown.push(change);
      continue;
    }
    const verdict = judge(order.state, change.trigger);
    if (verdict === 'refuse') decision.refused.push({ ...change, from: order.state });
    if (verdict !== 'apply') continue;
    const { to } = rules[change.trigger];
    const version = order.version + 1n;
    decision.steps.push({ ...change, from: order.state, to, version });
    current.set(change.orderId, { state: to, version });
  }
  return decision;
}
