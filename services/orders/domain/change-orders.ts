import { judge, type OrderState } from './order-state.ts';

/** The wish to bring one order into a state. */
export interface OrderChange {
  orderId: string;
  to: OrderState;
  /** Set exactly when `to` is FAILED. */
  failureReason: string | null;
  /** The event that asks for it. */
  causeEventId: string;
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
  /** The order's version after the step. */
  version: bigint;
}

export interface ChangeDecision {
  /** What to write, in the order of the changes. */
  steps: OrderStep[];
  /** Changes that the order's state does not allow; repeats are not among them. */
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
    const verdict = judge(order.state, change.to);
    if (verdict === 'refuse') decision.refused.push({ ...change, from: order.state });
    if (verdict !== 'apply') continue;
    const version = order.version + 1n;
    decision.steps.push({ ...change, from: order.state, version });
    current.set(change.orderId, { state: change.to, version });
  }
  return decision;
}
