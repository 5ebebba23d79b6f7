// What the pages know of a user's orders and account, whoever told it: an answer, the live stream,
// or polling. They tell it in any order; what is older than what is known changes nothing.
import type { Money, Order, OrderFailureReason, OrderState } from '#sdk/src/index.ts';

/** An order as far as it changes. */
export interface SeenOrder {
  name: string;
  state: OrderState;
  failureReason?: OrderFailureReason | undefined;
  amount: Money;
  version: bigint;
  updateTime: Date;
}

/** An account as far as it changes. */
export interface SeenAccount {
  balance: Money;
  ledgerVersion: bigint;
}

export interface News {
  orders?: readonly SeenOrder[];
  account?: SeenAccount | undefined;
}

export type Change =
  | { kind: 'order'; order: SeenOrder; before: SeenOrder | undefined }
  | { kind: 'account'; account: SeenAccount; before: SeenAccount | undefined };

/** States that an order never leaves. */
const finalStates = new Set<string>(['FAILED', 'DELIVERED', 'CANCELLED']);

/** Whether the order may still change without anybody's help: somebody should look soon. */
export function isUnsettled({ state }: SeenOrder): boolean {
  return state === 'PENDING' || state === 'CANCELLING';
}

export function isFinal(state: string): boolean {
  return finalStates.has(state);
}

/** The newest known state of one user's things. Versions never go back. */
export class Newest {
  readonly #orders = new Map<string, SeenOrder>();
  readonly #listeners = new Set<() => void>();
  #account: SeenAccount | undefined;
  #revision = 0;

  /** Takes what is newer, and returns it with what was known before. */
  take({ orders = [], account }: News): Change[] {
    const changes: Change[] = [];
    for (const order of orders) {
      const before = this.#orders.get(order.name);
      if (before !== undefined && before.version >= order.version) continue;
      this.#orders.set(order.name, order);
      changes.push({ kind: 'order', order, before });
    }
    const known = this.#account;
    if (account !== undefined && (known?.ledgerVersion ?? -1n) < account.ledgerVersion) {
      this.#account = account;
      changes.push({ kind: 'account', account, before: known });
    }
    if (changes.length > 0) {
      this.#revision += 1;
      for (const listener of this.#listeners) listener();
    }
    return changes;
  }

  /** Grows with every change. */
  get revision(): number {
    return this.#revision;
  }

  get account(): SeenAccount | undefined {
    return this.#account;
  }

  order(name: string): SeenOrder | undefined {
    return this.#orders.get(name);
  }

  /** Names of the orders of which news is due. */
  unsettled(): string[] {
    return [...this.#orders.values()].filter(isUnsettled).map(({ name }) => name);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** The order with what is known to be newer than it. */
export function refreshed(order: Order, seen: SeenOrder | undefined): Order {
  if (seen === undefined || seen.version <= order.version) return order;
  const { state, failureReason, version, updateTime } = seen;
  // What the new state allows is the service's to say.
  return { ...order, state, failureReason, version, updateTime, allowedActions: [] };
}
