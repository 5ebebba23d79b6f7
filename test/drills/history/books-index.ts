import type { Books, LedgerEntry, Operation, OrderVersion } from './history.ts';

type Use = Books['keys'][number];

/** The books by everything that the checker asks for, and what can be said of them alone. */
export class BooksIndex {
  readonly #accounts: Map<string, LedgerEntry[]>;
  readonly #entriesByOrder: Map<string, LedgerEntry[]>;
  readonly #orders: Map<string, OrderVersion[]>;
  readonly #uses: ReadonlyMap<string, Use>;

  constructor({ entries, orders, keys }: Books) {
    this.#accounts = Map.groupBy(entries, ({ userId }) => userId);
    for (const chain of this.#accounts.values()) chain.sort(byVersion);
    const paid = entries.filter(({ orderId }) => orderId !== null);
    this.#entriesByOrder = Map.groupBy(paid, ({ orderId }) => orderId!);
    this.#orders = Map.groupBy(orders, ({ orderId }) => orderId);
    for (const chain of this.#orders.values()) chain.sort(byVersion);
    this.#uses = new Map(keys.map((use) => [`${use.userId} ${use.key}`, use]));
  }

  entryAt(userId: string, version: bigint): LedgerEntry | undefined {
    return this.#accounts.get(userId)?.[Number(version) - 1];
  }

  entriesOf(orderId: string): readonly LedgerEntry[] {
    return this.#entriesByOrder.get(orderId) ?? [];
  }

  orderAt(orderId: string, version: bigint): OrderVersion | undefined {
    return this.#orders.get(orderId)?.[Number(version) - 1];
  }

  /** What the key was used for; undefined when it never was. */
  use(userId: string, key: string): Use | undefined {
    return this.#uses.get(`${userId} ${key}`);
  }

  /** For every entry, by `user version`: the greatest value of this and all before it. */
  runningMax(valueOf: (entry: LedgerEntry) => number | undefined): Map<string, number> {
    const result = new Map<string, number>();
    for (const chain of this.#accounts.values()) {
      let greatest = Number.NEGATIVE_INFINITY;
      for (const entry of chain) {
        greatest = Math.max(greatest, valueOf(entry) ?? greatest);
        result.set(`${entry.userId} ${entry.version}`, greatest);
      }
    }
    return result;
  }

  /** Versions without a gap, balances that follow from each other, never below zero. */
  brokenChains(): string[] {
    const broken: string[] = [];
    for (const [userId, chain] of this.#accounts) {
      let balance = 0n;
      chain.forEach((entry, index) => {
        const { version, balanceAfterMinor: after } = entry;
        balance += entry.kind === 'PAYMENT' ? -entry.amountMinor : entry.amountMinor;
        if (version !== BigInt(index + 1)) broken.push(`${userId}: no version ${index + 1}`);
        if (after !== balance || after < 0n) {
          broken.push(`${userId} at ${version}: ${after} instead of ${balance}`);
        }
        balance = after;
      });
    }
    for (const [orderId, chain] of this.#orders) {
      chain.forEach(({ version }, index) => {
        if (version !== BigInt(index + 1)) broken.push(`order ${orderId}: no version ${index + 1}`);
      });
    }
    return broken;
  }

  /** Orders and entries that no client has asked for, and what was booked twice for one order. */
  unasked(history: readonly Operation[]): string[] {
    const asked = new Set<string>();
    for (const operation of history) {
      if (operation.op !== 'create' && operation.op !== 'topUp') continue;
      const used = this.use(operation.userId, operation.key);
      if (used?.orderId !== undefined) asked.add(used.orderId);
      if (used?.version !== undefined) asked.add(`${operation.userId} ${used.version}`);
    }
    const found: string[] = [];
    for (const orderId of this.#orders.keys()) {
      if (!asked.has(orderId)) found.push(`nobody has asked for the order ${orderId}`);
    }
    for (const entry of [...this.#accounts.values()].flat()) {
      const { userId, version, kind, orderId } = entry;
      if (asked.has(kind === 'TOP_UP' ? `${userId} ${version}` : orderId!)) continue;
      found.push(`nobody has asked for entry ${version} of ${userId}`);
    }
    for (const [orderId, entries] of this.#entriesByOrder) {
      for (const kind of ['PAYMENT', 'REFUND']) {
        const count = entries.filter((entry) => entry.kind === kind).length;
        if (count > 1) found.push(`${count} times ${kind} for the order ${orderId}`);
      }
    }
    return found;
  }
}

function byVersion(a: { version: bigint }, b: { version: bigint }): number {
  return a.version < b.version ? -1 : Number(a.version > b.version);
}
