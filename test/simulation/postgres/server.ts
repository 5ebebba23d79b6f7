import { ConnectionLostError } from '#lib/pg/failure.ts';
import { retryConflicts } from '#lib/pg/retry-conflicts.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { type Entry, epochMs, type Host, type World } from '../world.ts';
import { Engine, ServerError, type StatementModel, type Transaction } from './engine.ts';

/** Limits of a session, as lib/pg/database.ts sets them, in milliseconds. */
const lockTimeoutMs = 2_000;
const idleInTransactionMs = 5_000;

/** How often what is sent gets lost, and how often it is slow, each way, while it is stormy. */
export interface LinkFaults {
  loss: number;
  slow: number;
}

interface Asked {
  host: Host;
  reject(error: Error): void;
}

/** A PostgreSQL server with one database, and the way to it. */
export class DatabaseServer {
  readonly name: string;
  readonly engine: Engine;
  readonly world: World;
  up = true;
  faults: LinkFaults = { loss: 0, slow: 0 };
  readonly #asked = new Set<Asked>();

  constructor(options: {
    name: string;
    world: World;
    models: Readonly<Record<string, StatementModel>>;
  }) {
    const { name, world, models } = options;
    this.name = name;
    this.world = world;
    const clockMs = () => epochMs + world.nowMs;
    this.engine = new Engine({ models, clockMs, random: world.random });
  }

  /** What is not committed is lost, and nobody knows whether a COMMIT on its way was. */
  crash(): void {
    this.up = false;
    this.engine.crash();
    const asked = [...this.#asked];
    this.#asked.clear();
    for (const { host, reject } of asked) host.run(() => reject(lost()));
  }

  start(): void {
    this.up = true;
  }

  latencyMs(): number {
    const { world, faults } = this;
    if (world.stormy && world.chance(faults.slow)) return world.between(1, 400);
    return 0.1 + world.random();
  }

  /** Sends something and waits for the answer. A process that has died sends nothing any more. */
  ask<T>(host: Host, arrive: (answer: (error?: Error, value?: T) => void) => void): Promise<T> {
    const { world } = this;
    if (!host.alive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const asked: Asked = { host, reject };
      this.#asked.add(asked);
      const fail = () => this.#settle(asked, () => reject(lost()));
      const answer = (error?: Error, value?: T) => {
        const tell = error ? () => reject(error) : () => resolve(value as T);
        if (this.#isLost()) world.after(world.between(1, 8_000), fail);
        else if (world.chance(0.1)) world.after(this.latencyMs(), () => this.#settle(asked, tell));
        else this.#settle(asked, tell);
      };
      if (this.#isLost()) world.after(world.between(1, 8_000), fail);
      else world.after(this.latencyMs(), () => (this.up ? arrive(answer) : fail()));
    });
  }

  #settle(asked: Asked, happen: () => void): void {
    if (this.#asked.delete(asked)) asked.host.run(happen);
  }

  #isLost(): boolean {
    return this.world.stormy && this.world.chance(this.faults.loss);
  }
}

function lost(): Error {
  return new ConnectionLostError('the database did not answer');
}

/** A connection while it runs one transaction. */
class Session {
  readonly #server: DatabaseServer;
  readonly #host: Host;
  #transaction: Transaction | undefined;
  #committing = false;
  #closed = false;
  #busy = false;
  #lockTimeout: Entry | undefined;

  constructor(server: DatabaseServer, host: Host) {
    this.#server = server;
    this.#host = host;
  }

  query<Row>(name: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#server.ask<Row[]>(this.#host, (answer) => {
      const gone = this.#gone();
      if (gone) return answer(gone);
      this.#transaction ??= this.#server.engine.begin();
      this.#execute(this.#transaction, name, values, (error, rows) => answer(error, rows as Row[]));
    });
  }

  /** The server has ended this session, or did not outlive it. */
  #gone(): Error | undefined {
    if (this.#closed) return new ServerError('25P03', 'idle for too long', { fatal: true });
    return this.#transaction?.state === 'aborted' ? lost() : undefined;
  }

  #execute(
    transaction: Transaction,
    name: string,
    values: readonly unknown[],
    done: (error: Error | undefined, rows: unknown[]) => void,
  ): void {
    const { world, engine } = this.#server;
    this.#busy = true;
    engine.execute(transaction, name, values, (error, rows) => {
      this.#busy = false;
      if (this.#lockTimeout) world.cancel(this.#lockTimeout);
      done(error, rows);
    });
    if (!this.#busy) return;
    const { running } = transaction;
    this.#lockTimeout = world.after(lockTimeoutMs, () => {
      if (running === undefined || transaction.running !== running) return;
      engine.cancel(transaction, new ServerError('55P03', 'lock timeout'));
    });
  }

  commit(): Promise<void> {
    this.#committing = true;
    return this.#server.ask<void>(this.#host, (answer) => {
      const gone = this.#gone();
      if (gone) return answer(gone);
      this.#closed = true;
      if (this.#transaction) this.#server.engine.commit(this.#transaction);
      answer();
    });
  }

  /** The client says ROLLBACK, or its process died and the server's side notices. */
  rollBack(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#transaction) this.#server.engine.rollBack(this.#transaction);
  }

  /** What is on its way arrives before the end of the connection does. */
  clientDied(): void {
    const { world } = this.#server;
    // A COMMIT that got lost has broken the connection; the server finds out by its own limit.
    const noticedMs = this.#committing ? idleInTransactionMs : this.#server.latencyMs();
    world.after(noticedMs, () => this.rollBack(), this.#committing);
  }

  /** The server gives up a session that says nothing for too long. */
  watchIdle(): void {
    this.#server.world.after(idleInTransactionMs, () => {
      if (!this.#busy && !this.#committing && this.#host.frozen) this.rollBack();
    });
  }

  /** One statement that is its own transaction. */
  single<Row>(name: string, values: readonly unknown[]): Promise<Row[]> {
    const { engine, world } = this.#server;
    return this.#server.ask<Row[]>(this.#host, (answer) => {
      const transaction = engine.begin();
      const commit = (rows: unknown[]) => {
        if (transaction.state !== 'active') return;
        engine.commit(transaction);
        answer(undefined, rows as Row[]);
      };
      this.#execute(transaction, name, values, (error, rows) => {
        if (error) {
          engine.rollBack(transaction);
          answer(error);
        } else if (transaction.xid > 0 && world.chance(0.15)) {
          // Writing the commit to disk takes a while, in which others see nothing of it.
          world.after(world.between(0.1, 3), () => commit(rows));
        } else {
          commit(rows);
        }
      });
    });
  }
}

/** The two ways in which the services use `Database`, on a simulated server. */
export class DatabaseClient {
  readonly #server: DatabaseServer;
  readonly #host: Host;
  readonly #sessions = new Set<Session>();

  constructor(server: DatabaseServer, host: Host) {
    this.#server = server;
    this.#host = host;
    host.onDeath.push(() => {
      for (const session of this.#sessions) session.clientDied();
    });
  }

  /** The process is frozen now: the server's limits apply to what it holds open. */
  watchIdle(): void {
    for (const session of this.#sessions) session.watchIdle();
  }

  single<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const session = new Session(this.#server, this.#host);
    return work({ query: ({ name }, values) => session.single(name, values) });
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return retryConflicts(() => this.#attempt(work), { timing: this.#host.timing });
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const session = new Session(this.#server, this.#host);
    this.#sessions.add(session);
    try {
      const result = await work({ query: ({ name }, values) => session.query(name, values) });
      await session.commit();
      return result;
    } catch (error) {
      this.#server.world.after(this.#server.latencyMs(), () => session.rollBack());
      throw error;
    } finally {
      this.#sessions.delete(session);
    }
  }
}
