import type { AccountHappening, Happening, OrderHappening } from './happening.ts';

/** What was told before, as the locked rows say. */
export interface Told {
  /** Number of each user's last change. */
  numbers: ReadonlyMap<string, bigint>;
  /** Version of each order that was told. */
  orders: ReadonlyMap<string, bigint>;
  /** Ledger version of each user's account that was told. */
  accounts: ReadonlyMap<string, bigint>;
}

/** A line of a user's log. */
export interface Change {
  userId: string;
  number: bigint;
  happening: Happening;
}

export interface Telling {
  /** Everything that is dealt with, told or not. */
  taken: Happening[];
  changes: Change[];
  /** Orders and accounts as they are now, each once. */
  orders: OrderHappening[];
  accounts: AccountHappening[];
  /** To be delivered again: the change before each of them is not here yet. */
  early: OrderHappening[];
}

/**
 * From how many deliveries on an order's change is told although the one before it has not come.
 * With `retryDelayMs` that is 16 seconds, longer than the broker keeps the messages of an instance
 * that died to itself (10 s).
 */
const deliveriesMax = 15;

/** How long to wait before the n-th delivery is repeated: 20 ms, doubling up to 2 s. */
export function retryDelayMs(deliveries: number): number {
  return Math.min(20 * 2 ** Math.min(deliveries - 1, 20), 2_000);
}

/**
 * Decides what users are told, and numbers it. Events of one order may come in any order:
 *   version told before, or higher   not told: a stream never goes back
 *   next version                     told
 *   a later one                      early; told when the one before it still does not come
 * Of an account only the newest balance of the batch is told: each tells the whole account.
 */
export function tell(happenings: readonly Happening[], told: Told): Telling {
  const telling: Telling = { taken: [], changes: [], orders: [], accounts: [], early: [] };
  const numbers = new Map(told.numbers);
  const add = (happening: Happening) => {
    const { userId } = happening;
    const number = (numbers.get(userId) ?? 0n) + 1n;
    numbers.set(userId, number);
    telling.changes.push({ userId, number, happening });
  };
  const groups = Map.groupBy(happenings, (happening) =>
    happening.kind === 'order' ? happening.orderId : `account of ${happening.userId}`,
  );
  for (const group of groups.values()) {
    const [first] = group;
    if (first?.kind === 'order') tellOrder(group as OrderHappening[], { told, telling, add });
    else tellAccount(group as AccountHappening[], { told, telling, add });
  }
  return telling;
}

interface Going {
  told: Told;
  telling: Telling;
  add: (happening: Happening) => void;
}

function tellOrder(group: OrderHappening[], { told, telling, add }: Going): void {
  const sorted = group.toSorted((one, other) => (one.version < other.version ? -1 : 1));
  let version = told.orders.get(sorted[0]!.orderId) ?? 0n;
  let last: OrderHappening | undefined;
  for (const happening of sorted) {
    if (happening.version > version + 1n && happening.deliveries < deliveriesMax) {
      telling.early.push(happening);
      continue;
    }
    telling.taken.push(happening);
    if (happening.version <= version) continue;
    version = happening.version;
    last = happening;
    add(happening);
  }
  if (last) telling.orders.push(last);
}

function tellAccount(group: AccountHappening[], { told, telling, add }: Going): void {
  telling.taken.push(...group);
  const newest = group.reduce((one, other) =>
    other.ledgerVersion > one.ledgerVersion ? other : one,
  );
  const before = told.accounts.get(newest.userId);
  if (before !== undefined && newest.ledgerVersion <= before) return;
  telling.accounts.push(newest);
  add(newest);
}
