import { type EntityManager, MikroORM, type Options } from '@mikro-orm/postgresql';
import { Pool, type PoolClient } from 'pg';
import { conflicts, poolWait, showPool } from './database-metrics.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { ConnectionLostError } from './failure.ts';
import { retryConflicts } from './retry-conflicts.ts';
import { sslOf } from './ssl.ts';
import { answered, run, type Tx, transactionOn } from './transaction.ts';

export interface DatabaseOptions {
  /** postgresql://user:password@host:port/database; see `sslOf` for what it may say about TLS. */
  url: string;
  /** The certificate of this process: connections are over TLS unless the address says no. */
  tls?: TlsFolder | undefined;
  /** Shown in pg_stat_activity, and label of the pool's metrics. */
  applicationName: string;
  /**
   * Most connections, 10 by default, and one that cancels reads. Keep (instances × this) well
   * under the server's max_connections.
   */
  poolSizeMax?: number;
  /** Entities of the cold reads. */
  entities: NonNullable<Options['entities']>;
}

/**
 * Time limits of every session, in milliseconds: PostgreSQL 18 has none by default. Without them a
 * frozen client that holds a row lock blocks all others for ever; with idle_in_transaction at 1 s
 * the waiters went on after 1,001 ms.
 */
const sessionLimits = {
  statement_timeout: 5_000,
  lock_timeout: 2_000,
  idle_in_transaction_session_timeout: 5_000,
  transaction_timeout: 15_000,
  tcp_user_timeout: 10_000,
  client_connection_check_interval: 5_000,
};

/**
 * How every session plans. A prepared statement keeps its plan: one that was made while a table was
 * small reads the whole of it, and goes on to until the table is analyzed, a minute of load later.
 * Each statement of a service has its index, and pages lie in memory or on a disk without heads.
 */
const sessionPlanning = { enable_seqscan: 'off', random_page_cost: 1.1 };

/**
 * The server's limits cannot fire for a statement that never reached it: a connection that went
 * silent is given up after this, in milliseconds. Longer than statement_timeout, so that an answer
 * that is on its way still counts.
 */
const queryTimeoutMs = 8_000;

/**
 * A service's own database. Hot paths run prepared, set-based statements on the pool that MikroORM
 * opened; MikroORM itself serves cold reads and migrations (its `execute` interpolates values into
 * the text, which no prepared statement survives).
 */
export class Database {
  readonly #orm: MikroORM;
  readonly #pool: Pool;
  /**
   * Apart from the others: a read keeps its connection until it is cancelled, so that readers who
   * all went away at once would wait for a connection of which they have the last.
   */
  readonly #cancelPool: Pool;
  readonly #name: string;

  private constructor(orm: MikroORM, pool: Pool, name: string) {
    this.#orm = orm;
    this.#pool = pool;
    // The two are left out when options are copied, so that no log shows them.
    const { password, ssl } = pool.options;
    this.#cancelPool = new Pool({ ...pool.options, password, ssl, min: 0, max: 1 });
    this.#cancelPool.on('error', () => {});
    this.#name = name;
    showPool(name, pool);
  }

  /**
   * Prepares the pool. Nothing connects before the first query, so a database that is down delays
   * no start.
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const session = Object.entries({ ...sessionLimits, ...sessionPlanning });
    const { url, ssl } = sslOf(options.url, options.tls);
    const orm = new MikroORM({
      clientUrl: url,
      entities: options.entities,
      discovery: { warnWhenNoEntities: false },
      // A function, because MikroORM copies objects, certificates and all.
      driverOptions: () => ({
        application_name: options.applicationName,
        options: session.map(([name, value]) => `-c ${name}=${value}`).join(' '),
        connectionTimeoutMillis: 2_000,
        keepAlive: true,
        query_timeout: queryTimeoutMs,
        ssl,
      }),
      pool: { min: 0, max: options.poolSizeMax ?? 10 },
      logger: () => {},
      colors: false,
      ensureDatabase: false,
    });
    const pool = await orm.em.getConnection().getNativeClient();
    return new Database(orm, pool, options.applicationName);
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED) and commits it. Serialization failures,
   * deadlocks and `ConflictError` run the whole work again, up to 5 times with jitter: `work` must
   * touch nothing outside the transaction. No remote call belongs inside.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return retryConflicts(() => this.#attempt(work), {
      onRetry: () => conflicts.inc({ pool: this.#name }),
    });
  }

  /**
   * Runs `work`, which makes exactly one statement: that statement is its own transaction, one
   * round trip.
   */
  async single<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#withClient((client) => work(transactionOn(client)));
  }

  /**
   * Runs `work`, which makes exactly one statement, for a caller who may lose interest: when
   * `signal` aborts, the statement is cancelled on the server, and this throws the signal's reason.
   */
  async read<T>(signal: AbortSignal, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      signal.throwIfAborted();
      let cancelled: Promise<void> | undefined;
      const cancel = () => {
        cancelled = this.#cancel(client);
      };
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await work(transactionOn(client));
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        signal.removeEventListener('abort', cancel);
        // Before the connection is given back, or it would be the next one's statement that ends.
        await cancelled;
      }
    });
  }

  /**
   * A fresh entity manager for cold reads. When `signal` aborts, the query is cancelled on the
   * server.
   */
  reader(signal: AbortSignal): EntityManager {
    return this.#orm.em.fork({ signal, inflightQueryAbortStrategy: 'cancel query' });
  }

  /** Throws when the database does not answer. */
  async ping(): Promise<void> {
    await this.single((tx) => tx.query({ name: 'ping', text: 'select 1' }, []));
  }

  async close(): Promise<void> {
    await this.#orm.close(true);
    // MikroORM ends the pool only if it has used it itself.
    if (!this.#pool.ended) await this.#pool.end();
    await this.#cancelPool.end();
  }

  async #connect(): Promise<PoolClient> {
    const startedMs = performance.now();
    try {
      return await answered(this.#pool.connect());
    } finally {
      poolWait.observe({ pool: this.#name }, (performance.now() - startedMs) / 1_000);
    }
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let unusable: boolean | undefined;
    try {
      return await work(client);
    } catch (error) {
      unusable = isUnusable(error);
      throw error;
    } finally {
      client.release(unusable);
    }
  }

  /** Stops what runs on the connection. Where that fails, the limits of the session end it. */
  async #cancel(client: PoolClient): Promise<void> {
    const { processID } = client as unknown as { processID: number };
    await this.#cancelPool.query('select pg_cancel_backend($1)', [processID]).catch(() => {});
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let unusable: boolean | undefined;
    try {
      await run(client, { text: 'begin' });
      const result = await work(transactionOn(client));
      await run(client, { text: 'commit' });
      return result;
    } catch (error) {
      unusable = isUnusable(error) || !(await rollBack(client));
      throw error;
    } finally {
      client.release(unusable);
    }
  }
}

async function rollBack(client: PoolClient): Promise<boolean> {
  return client.query('rollback').then(
    () => true,
    () => false,
  );
}

/** After a lost answer, or an error that ended the session, nobody knows the connection's state. */
function isUnusable(error: unknown): boolean {
  const { severity } = error as { severity?: unknown };
  return error instanceof ConnectionLostError || severity === 'FATAL' || severity === 'PANIC';
}
