import { type PoolClient, Query, type QueryConfig, types } from 'pg';
import { ConnectionLostError, isServerError } from './failure.ts';

/**
 * One SQL statement. `name` makes PostgreSQL keep it prepared for the life of the connection, so it
 * must be unique per text; statements live as constants beside the function that runs them.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * The one database handle that a `sql/` function gets. There is deliberately no other way to reach
 * the database from inside a transaction: a query on a second connection would survive its
 * rollback.
 */
export interface Tx {
  /**
   * Runs one statement. Rows come back with int8 as `bigint`, timestamptz as `Date`, bytea as
   * `Buffer`. Throws pg's `DatabaseError` (see `isTransient`, `violatedConstraint`) or
   * `ConnectionLostError`.
   */
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
}

const INT8 = 20;
const INT8_ARRAY = 1016;

const parseInt8Array = types.getTypeParser(INT8_ARRAY as never) as (
  text: string,
) => (string | null)[];

/** int8 as bigint: money and versions never pass through a double. */
const rowTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) {
      return (text: string) =>
        parseInt8Array(text).map((item) => (item === null ? null : BigInt(item)));
    }
    return types.getTypeParser(oid, format as 'text');
  },
} as NonNullable<QueryConfig['types']>;

/** Tells the server's own errors from a connection that failed, in whatever words. */
export async function answered<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    // A value that cannot be sent is our own fault, and nothing left for the server.
    const ours = error instanceof TypeError || error instanceof RangeError;
    if (ours || isServerError(error)) throw error;
    throw new ConnectionLostError('the database did not answer', { cause: error });
  }
}

/**
 * Runs one statement; its rows. Throws what `Tx.query` throws.
 *
 * pg's own promise, and its time limit, keep what was sent and what came until the next full
 * collection: they assign functions that capture it (see lib/grpc/finished-calls.ts). This lets go
 * of both.
 */
export async function run(client: PoolClient, config: QueryConfig): Promise<unknown[]> {
  const { promise, ...settle } = Promise.withResolvers<unknown[]>();
  let waiting: typeof settle | undefined = settle;
  const query = new Query(config, (error, { rows } = {} as never) => {
    if (error) waiting?.reject(error);
    else waiting?.resolve(rows);
    waiting = undefined;
    if (!error)
      Object.assign(query, { values: undefined, _result: undefined, _results: undefined });
  });
  client.query(query);
  return answered(promise);
}

export function transactionOn(client: PoolClient): Tx {
  return {
    async query<Row>(statement: Statement, values: readonly unknown[]) {
      const { name, text } = statement;
      const query = { name, text, values: values as unknown[], types: rowTypes };
      return (await run(client, query)) as Row[];
    },
  };
}
