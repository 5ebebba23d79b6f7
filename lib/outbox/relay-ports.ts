/** How far the outbox is published. Only the store looks inside. */
export interface Cursor {
  /** A pg_snapshot: the rows of all transactions that it shows are done with. */
  seen: string;
  /** A later pg_snapshot whose rows are being published, in the order of (tx, seq). */
  target: string | undefined;
  /** The last row of `target` that is done with. `tx` is a 64-bit transaction id. */
  tx: string;
  seq: bigint;
}

export interface OutboxRow {
  tx: string;
  seq: bigint;
  eventId: string;
  type: string;
  subject: string;
  about: string;
  payload: Uint8Array;
  traceparent: string | undefined;
  publication: number;
  createTime: Date;
  /** The cursor once this row and those before it are done with. */
  after: Cursor;
}

/** What fences a holder's writes: whoever holds the lease later has a higher term. */
export interface LeaseKey {
  holder: string;
  term: bigint;
}

export interface OutboxPage {
  rows: OutboxRow[];
  /** Age of the first row, in milliseconds by the database's clock; 0 without rows. */
  lagMs: number;
}

/** The relay's side of the database. Each call is one short statement. */
export interface RelayStore {
  /** Takes the lease when it is free, over or the holder's own; undefined while another has it. */
  acquire(holder: string, leaseMs: number): Promise<{ term: bigint; cursor: Cursor } | undefined>;
  /** Renews the lease; false when it is lost. */
  renew(key: LeaseKey, leaseMs: number): Promise<boolean>;
  /** The next rows that are committed; fewer than `limit` only when there are no more. */
  read(after: Cursor, limit: number): Promise<OutboxPage>;
  /** Moves the cursor and renews the lease; false, and nothing done, when the lease is lost. */
  advance(key: LeaseKey, to: Cursor, leaseMs: number): Promise<boolean>;
  /** Moves the cursor over a row that is kept in dead_letters; false when the lease is lost. */
  bury(key: LeaseKey, row: OutboxRow, death: Death, leaseMs: number): Promise<boolean>;
  release(key: LeaseKey): Promise<void>;
}

export interface Death {
  cause: unknown;
  attempts: number;
}

export type PublishOutcome =
  /** The broker has it, now or (duplicate) since an earlier attempt. */
  | { kind: 'stored'; duplicate: boolean }
  /** The broker will never take it as it is. */
  | { kind: 'refused'; cause: Error }
  /** It may be stored or not: publish it again under the same transport id. */
  | { kind: 'unknown'; cause: Error };

/** The relay's side of the broker. */
export interface RelayBroker {
  /** Publishes all rows pipelined; one outcome per row, in their order. Never throws. */
  publish(rows: readonly OutboxRow[]): Promise<PublishOutcome[]>;
}

/** `commit`: there is something to publish. `release`: the lease is free. */
export type Hint = 'commit' | 'release';

/** Hints between the instances of one service. May get lost: polling stands behind them. */
export interface WakeHints {
  send(hint: Hint): void;
  listen(listener: (hint: Hint) => void): void;
}
