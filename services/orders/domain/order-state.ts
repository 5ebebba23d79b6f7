/** The states of an order, in the words of the contract. */
export type OrderState = 'PENDING' | 'PAID' | 'FAILED';

export interface Transition {
  readonly from: OrderState;
  readonly to: OrderState;
  /** What brings it about. */
  readonly on: string;
}

/**
 * The one table of transitions. No other code changes an order's state: `judge` reads it before a
 * write, and the update statement takes it as its guard.
 */
export const transitions: readonly Transition[] = [
  { from: 'PENDING', to: 'PAID', on: 'payment captured' },
  { from: 'PENDING', to: 'FAILED', on: 'payment failed' },
];

/**
 * What to do with a wish to bring an order from one state to another: `apply` it, ignore it because
 * the order is `already` there (a repeated message), or `refuse` it.
 */
export function judge(from: OrderState, to: OrderState): 'apply' | 'already' | 'refuse' {
  if (from === to) return 'already';
  return transitions.some((transition) => transition.from === from && transition.to === to)
    ? 'apply'
    : 'refuse';
}
