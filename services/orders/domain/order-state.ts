/** The states of an order, in the words of the contract. */
export type OrderState =
  | 'PENDING'
  | 'PAID'
  | 'FAILED'
  | 'ASSEMBLED'
  | 'SHIPPED'
  | 'DELIVERED'
  | 'CANCELLING'
  | 'CANCELLED';

/** What a person may ask for. */
export type Action = 'CANCEL' | 'ASSEMBLE' | 'SHIP' | 'DELIVER';

/** What can bring an order on: an action, or a result of Payments. */
export type Trigger =
  Action | 'PAYMENT_CAPTURED' | 'PAYMENT_FAILED' | 'PAYMENT_VOIDED' | 'PAYMENT_REFUNDED';

interface Rule {
  /** The states that it can bring on. */
  from: readonly OrderState[];
  to: OrderState;
  /**
   * The states in which it has no effect and is no contradiction: it was done already, or a
   * cancellation has made it void.
   */
  done: readonly OrderState[];
}

/**
 * The one table of an order's life. No other code changes a state: commands and results are judged
 * by it, and its transitions are the guard of the update statement.
 */
export const rules: Readonly<Record<Trigger, Rule>> = {
  PAYMENT_CAPTURED: {
    from: ['PENDING'],
    to: 'PAID',
    done: ['PAID', 'ASSEMBLED', 'SHIPPED', 'DELIVERED', 'CANCELLING', 'CANCELLED'],
  },
  PAYMENT_FAILED: { from: ['PENDING'], to: 'FAILED', done: ['FAILED', 'CANCELLING', 'CANCELLED'] },
  CANCEL: {
    from: ['PENDING', 'PAID', 'ASSEMBLED'],
    to: 'CANCELLING',
    done: ['CANCELLING', 'CANCELLED'],
  },
  PAYMENT_VOIDED: { from: ['CANCELLING'], to: 'CANCELLED', done: ['CANCELLED'] },
  PAYMENT_REFUNDED: { from: ['CANCELLING'], to: 'CANCELLED', done: ['CANCELLED'] },
  ASSEMBLE: { from: ['PAID'], to: 'ASSEMBLED', done: ['ASSEMBLED'] },
  SHIP: { from: ['ASSEMBLED'], to: 'SHIPPED', done: ['SHIPPED'] },
  DELIVER: { from: ['SHIPPED'], to: 'DELIVERED', done: ['DELIVERED'] },
};

export const actions: readonly Action[] = ['CANCEL', 'ASSEMBLE', 'SHIP', 'DELIVER'];

/** Every step that an order may take, without repeats. */
export const transitions: readonly { from: OrderState; to: OrderState }[] = Object.values(rules)
  .flatMap(({ from, to }) => from.map((state) => ({ from: state, to })))
  .filter(
    (step, index, all) =>
      all.findIndex(({ from, to }) => from === step.from && to === step.to) === index,
  );

/**
 * What a trigger does to an order in a state: `apply` it, nothing because it is `done`, or `refuse`
 * it.
 */
export function judge(state: OrderState, trigger: Trigger): 'apply' | 'done' | 'refuse' {
  const { from, done } = rules[trigger];
  if (from.includes(state)) return 'apply';
  return done.includes(state) ? 'done' : 'refuse';
}

/** What may be asked for in a state, in the order of an order's life. */
export function allowedActions(state: OrderState): Action[] {
  return actions.filter((action) => judge(state, action) === 'apply');
}
