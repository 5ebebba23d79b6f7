import pg from 'pg';

export type Row = Record<string, unknown>;

/** Rows in memory at a time of each side of a comparison. */
const pageSize = 2_000;

/**
 * One moment of a database: everything that is read here is of the same instant. Reads only, locks
 * nothing, and has no transaction id, so that it holds up neither writers nor relays.
 */
export class Snapshot {
  readonly #client: pg.Client;
  readonly #url: string;
  #present: pg.Client | undefined;
  #cursors = 0;

  private constructor(client: pg.Client, url: string) {
    this.#client = client;
    this.#url = url;
  }

  static async open(url: string, graceMs: number): Promise<Snapshot> {
    const client = await connect(url);
    await client.query('begin isolation level repeatable read, read only');
    await client.query("select set_config('purser.grace', $1, true)", [`${graceMs} ms`]);
    return new Snapshot(client, url);
  }

  async rows<T = Row>(text: string): Promise<T[]> {
    return (await this.#client.query(text)).rows as T[];
  }

  async count(text: string): Promise<number> {
    const [row] = await this.rows<Row>(text);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  /** The rows one after the other, a page of them in memory. */
  async *stream<T>(text: string): AsyncGenerator<T> {
    const cursor = `audit_${++this.#cursors}`;
    await this.#client.query(`declare ${cursor} no scroll cursor for ${text}`);
    for (;;) {
      const rows = await this.rows<T>(`fetch ${pageSize} from ${cursor}`);
      yield* rows;
      if (rows.length < pageSize) return;
    }
  }

  /** Rows as they are now, not as they were when the snapshot was taken. */
  async now<T>(text: string, values: unknown[]): Promise<T[]> {
    this.#present ??= await connect(this.#url);
    return (await this.#present.query(text, values)).rows as T[];
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.end(), this.#present?.end()]);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'purser-audit',
    connectionTimeoutMillis: 5_000,
    // An audit may read for minutes; a database that hangs must not hang it for ever.
    statement_timeout: 600_000,
  });
  // Whatever ends the connection also fails the query that it is asked next; without a listener it
  // would end the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}
