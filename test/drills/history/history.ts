/**
 * What a client has seen of one operation. Times are milliseconds of one monotonic clock, that of
 * the process that runs all clients: from before the first attempt to after the last answer.
 *
 * `ok`: it was answered. `refused`: it was answered that it has had no effect and never will.
 * `unknown`: nobody has answered; it may have happened, may happen still, or never.
 */
interface Seen {
  userId: string;
  startMs: number;
  endMs: number;
  outcome: 'ok' | 'refused' | 'unknown';
}

export interface OrderCreation extends Seen {
  op: 'create';
  /** The idempotency key, used for nothing else by this user. */
  key: string;
  amountMinor: bigint;
  /** UUID; of the answer, or of the later question what became of the key. */
  orderId?: string;
  version?: bigint;
  state?: string;
}

export interface TopUp extends Seen {
  op: 'topUp';
  key: string;
  amountMinor: bigint;
  /** The account right after it. */
  version?: bigint;
  balanceMinor?: bigint;
}

export interface Cancellation extends Seen {
  op: 'cancel';
  orderId: string;
  version?: bigint;
  state?: string;
}

export interface AccountRead extends Seen {
  op: 'account';
  version?: bigint;
  balanceMinor?: bigint;
}

export interface OrderRead extends Seen {
  op: 'order';
  orderId: string;
  version?: bigint;
  state?: string;
}

export type Operation = OrderCreation | TopUp | Cancellation | AccountRead | OrderRead;

/** One line of a wallet's ledger. */
export interface LedgerEntry {
  userId: string;
  version: bigint;
  kind: 'TOP_UP' | 'PAYMENT' | 'REFUND';
  amountMinor: bigint;
  balanceAfterMinor: bigint;
  orderId: string | null;
}

/** One version of an order. */
export interface OrderVersion {
  orderId: string;
  userId: string;
  version: bigint;
  state: string;
}

/** What the databases say in the end, when nothing moves any more. */
export interface Books {
  entries: readonly LedgerEntry[];
  orders: readonly OrderVersion[];
  /** What each idempotency key was used for: the order, or the ledger's version of a top-up. */
  keys: readonly { userId: string; key: string; orderId?: string; version?: bigint }[];
}

export type AnomalyKind =
  /** What was answered is not in the books. */
  | 'lost'
  /** What was refused, or was done once, is in the books; once more than it may. */
  | 'unasked'
  /** An answer differs from what the books say of that version. */
  | 'torn'
  /** An answer is older than what was known before its question. */
  | 'stale'
  /** An answer shows what nobody had asked for yet, or a version that never came to be. */
  | 'future'
  /** The books themselves have a gap, or a balance that does not follow from the one before. */
  | 'broken chain'
  /** An operation of unknown outcome that was never resolved by its key. */
  | 'unresolved';

export interface Anomaly {
  kind: AnomalyKind;
  what: string;
}
