// A model of PostgreSQL at READ COMMITTED, as far as the money path depends on it: snapshots,
// transaction ids that are not in the order of the commits, row locks and unique keys that are
// waited for, and statements that look again at a row after they waited for it
// (https://www.postgresql.org/docs/18/transaction-iso.html). Statements are written by hand beside
// it; conformance.test.ts compares both with the real server.

/** One committed state of a row; `row` is undefined before it was inserted. */
interface Version<Row> {
  row: Row;
  commit: number;
  older: Version<Row> | undefined;
}

/** A row, or a key that somebody is just inserting. */
export class Slot<Row = unknown> {
  readonly key: string;
  newest: Version<Row> | undefined;
  /** What `owner` has written and not yet committed. */
  pending: Row | undefined;
  /** Who holds the row lock. */
  owner: Transaction | undefined;
  waiters: Transaction[] = [];

  constructor(key: string) {
    this.key = key;
  }
}

/** What PostgreSQL answers with when it refuses; looks like pg's DatabaseError. */
export class ServerError extends Error {
  readonly severity: string;
  readonly code: string;
  readonly constraint: string | undefined;

  constructor(code: string, message: string, options: { constraint?: string; fatal?: true } = {}) {
    super(message);
    this.severity = options.fatal ? 'FATAL' : 'ERROR';
    this.code = code;
    this.constraint = options.constraint;
  }
}

export function uniqueViolation(constraint: string): ServerError {
  return new ServerError('23505', `duplicate key: ${constraint}`, { constraint });
}

export function checkViolation(constraint: string): ServerError {
  return new ServerError('23514', `check constraint: ${constraint}`, { constraint });
}

type Outcome = (error: Error | undefined, rows: unknown[]) => void;

/** A statement that runs: it yields the slot that it waits for. */
export type Running = Generator<Slot, unknown[], void>;
export type StatementModel = (at: Execution, values: readonly any[]) => Running;

export class Transaction {
  readonly engine: Engine;
  /** 0 until it writes or locks. */
  xid = 0;
  state: 'active' | 'failed' | 'committed' | 'aborted' = 'active';
  /** now(): the time of its first statement, in milliseconds. */
  readonly startMs: number;
  readonly slots: Slot[] = [];
  /** What its statement waits for. */
  waitsFor: Slot | undefined;
  running: { statement: Running; done: Outcome } | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
    this.startMs = engine.clockMs();
  }
}

/** One statement on its way: its transaction and the snapshot that it sees. */
export interface Execution {
  engine: Engine;
  transaction: Transaction;
  /** Commits up to this number are visible, and the transaction's own writes. */
  snapshot: number;
}

export class Table<Row> {
  readonly slots = new Map<string, Slot<Row>>();

  slot(key: string): Slot<Row> {
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = new Slot<Row>(key);
      this.slots.set(key, slot);
    }
    return slot;
  }

  /** The row as the statement's snapshot shows it. */
  seen(at: Execution, key: string): Row | undefined {
    const slot = this.slots.get(key);
    return slot && seenIn(slot, at);
  }

  /** The row as its last writer left it, whatever the snapshot; for a row that is locked. */
  latest(key: string): Row | undefined {
    const slot = this.slots.get(key);
    return slot && (slot.pending ?? slot.newest?.row);
  }

  /** All rows that the snapshot shows, in the order of their insertion. */
  *rows(at: Execution): Generator<Row> {
    for (const slot of this.slots.values()) {
      const row = seenIn(slot, at);
      if (row !== undefined) yield row;
    }
  }

  /** All committed rows, for whoever looks from outside. */
  committed(): Row[] {
    const rows: Row[] = [];
    for (const { newest } of this.slots.values()) if (newest) rows.push(newest.row);
    return rows;
  }

  /** Locks a row that the snapshot shows and `where` takes, then asks `where` again. */
  *lock(
    at: Execution,
    key: string,
    where: (row: Row) => boolean = () => true,
  ): Generator<Slot, Row | undefined, void> {
    const seen = this.seen(at, key);
    if (seen === undefined || !where(seen)) return undefined;
    const slot = this.slot(key);
    if (slot.owner !== at.transaction) yield* takeLock(at, slot);
    const row = slot.pending ?? slot.newest?.row;
    return row !== undefined && where(row) ? row : undefined;
  }

  /** Whether somebody else holds the row's lock: `skip locked`. */
  isLocked(at: Execution, key: string): boolean {
    const owner = this.slots.get(key)?.owner;
    return owner !== undefined && owner !== at.transaction;
  }

  /** Writes a row that is locked. */
  write(key: string, row: Row): void {
    this.slot(key).pending = row;
  }

  /** Inserts a row; false, and nothing done, when the key is taken. Waits for who inserts it. */
  *insert(at: Execution, key: string, row: Row): Generator<Slot, boolean, void> {
    const slot = this.slot(key);
    while (slot.pending !== undefined && slot.owner !== at.transaction) yield slot;
    if (slot.newest !== undefined || slot.pending !== undefined) return false;
    if (slot.owner !== at.transaction) yield* takeLock(at, slot);
    slot.pending = row;
    return true;
  }

  /** Puts a committed row in place before anything begins. */
  preset(key: string, row: Row): void {
    this.slot(key).newest = { row, commit: 0, older: undefined };
  }
}

function seenIn<Row>(slot: Slot<Row>, at: Execution): Row | undefined {
  if (slot.pending !== undefined && slot.owner === at.transaction) return slot.pending;
  let version = slot.newest;
  while (version !== undefined && version.commit > at.snapshot) version = version.older;
  return version?.row;
}

function* takeLock(at: Execution, slot: Slot<any>): Generator<Slot, void, void> {
  while (slot.owner !== undefined) yield slot;
  slot.owner = at.transaction;
  at.transaction.slots.push(slot);
  at.engine.assignId(at.transaction);
}

const nobody: ReadonlySet<number> = new Set();

interface ParsedSnapshot {
  max: number;
  running: ReadonlySet<number>;
}

export class Engine {
  readonly clockMs: () => number;
  readonly random: () => number;
  readonly #models: Readonly<Record<string, StatementModel>>;
  readonly #active = new Set<Transaction>();
  readonly #snapshots = new Map<string, ParsedSnapshot>();
  #nextXid = 1_000;
  #lastEnded = 999;
  #commits = 0;
  #sequence = 0;

  constructor(options: {
    models: Readonly<Record<string, StatementModel>>;
    clockMs: () => number;
    random: () => number;
  }) {
    this.#models = options.models;
    this.clockMs = options.clockMs;
    this.random = options.random;
  }

  begin(): Transaction {
    const transaction = new Transaction(this);
    this.#active.add(transaction);
    return transaction;
  }

  /** Runs one statement. `done` is called at once, or when the locks are free that it waits for. */
  execute(transaction: Transaction, name: string, values: readonly unknown[], done: Outcome): void {
    if (transaction.state !== 'active') {
      return done(new ServerError('25P02', 'current transaction is aborted'), []);
    }
    const model = this.#models[name];
    if (model === undefined) throw new Error(`there is no model of the statement ${name}`);
    const at = { engine: this, transaction, snapshot: this.#commits };
    transaction.running = { statement: model(at, values), done };
    this.#proceed(transaction);
  }

  #proceed(transaction: Transaction): void {
    const { statement, done } = transaction.running!;
    transaction.waitsFor = undefined;
    let rows: unknown[];
    try {
      const { value, done: ended } = statement.next();
      if (!ended) {
        transaction.waitsFor = value;
        value.waiters.push(transaction);
        if (this.#isDeadlock(transaction)) {
          this.cancel(transaction, new ServerError('40P01', 'deadlock detected'));
        }
        return;
      }
      rows = value;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return this.cancel(transaction, error);
    }
    transaction.running = undefined;
    done(undefined, rows);
  }

  /** Ends the statement that runs with an error. */
  cancel(transaction: Transaction, error: ServerError): void {
    const { running, waitsFor } = transaction;
    if (waitsFor) waitsFor.waiters = waitsFor.waiters.filter((waiter) => waiter !== transaction);
    transaction.waitsFor = undefined;
    transaction.running = undefined;
    transaction.state = 'failed';
    running?.done(error, []);
  }

  #isDeadlock(transaction: Transaction): boolean {
    let owner = transaction.waitsFor?.owner;
    while (owner !== undefined && owner !== transaction) owner = owner.waitsFor?.owner;
    return owner === transaction;
  }

  /** Commits, or rolls back when a statement of it has failed. */
  commit(transaction: Transaction): void {
    if (transaction.state !== 'active') return this.rollBack(transaction);
    transaction.state = 'committed';
    const commit = ++this.#commits;
    for (const slot of transaction.slots) {
      if (slot.pending === undefined) continue;
      slot.newest = { row: slot.pending, commit, older: slot.newest };
      slot.pending = undefined;
    }
    this.#release(transaction);
  }

  rollBack(transaction: Transaction): void {
    if (!this.#active.has(transaction)) return;
    if (transaction.running) {
      this.cancel(transaction, new ServerError('57P01', 'terminated', { fatal: true }));
    }
    transaction.state = 'aborted';
    for (const slot of transaction.slots) slot.pending = undefined;
    this.#release(transaction);
  }

  #release(transaction: Transaction): void {
    this.#active.delete(transaction);
    this.#lastEnded = Math.max(this.#lastEnded, transaction.xid);
    const woken: Transaction[] = [];
    for (const slot of transaction.slots) {
      slot.owner = undefined;
      if (slot.waiters.length === 0) continue;
      woken.push(...slot.waiters);
      slot.waiters = [];
    }
    for (const waiter of woken) if (waiter.running) this.#proceed(waiter);
  }

  /** Ends every transaction that has not committed: the server died. */
  crash(): void {
    const lost = [...this.#active];
    for (const transaction of lost) transaction.running = undefined;
    for (const transaction of lost) this.rollBack(transaction);
  }

  assignId(transaction: Transaction): void {
    if (transaction.xid === 0) transaction.xid = this.#nextXid++;
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  /** pg_current_snapshot() as text: up to the last transaction that has ended, but for those. */
  snapshotText(own?: Transaction): string {
    const max = this.#lastEnded + 1;
    const running: number[] = [];
    for (const transaction of this.#active) {
      const { xid } = transaction;
      if (xid > 0 && xid < max && transaction !== own) running.push(xid);
    }
    running.sort((a, b) => a - b);
    return `${running[0] ?? max}:${max}:${running.join(',')}`;
  }

  /** pg_visible_in_snapshot */
  isVisible(xid: number, snapshot: string): boolean {
    const { max, running } = this.#parse(snapshot);
    return xid < max && !running.has(xid);
  }

  /** pg_snapshot_xmax */
  snapshotMax(snapshot: string): number {
    return this.#parse(snapshot).max;
  }

  #parse(snapshot: string): ParsedSnapshot {
    let parsed = this.#snapshots.get(snapshot);
    if (parsed === undefined) {
      const [, max = '', list = ''] = snapshot.split(':');
      const running = list === '' ? nobody : new Set(list.split(',').map(Number));
      parsed = { max: Number(max), running };
      this.#snapshots.set(snapshot, parsed);
    }
    return parsed;
  }
}
