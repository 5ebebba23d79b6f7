import type { PoolClient, QueryConfig } from 'pg';
import { types } from 'pg';

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
   * `Buffer`. Throws pg's `DatabaseError`; see `isTransient` and `violatedConstraint`.
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

export function transactionOn(client: PoolClient): Tx {
  return {
    async query<Row>(statement: Statement, values: readonly unknown[]) {
      const { rows } = await client.query({
        name: statement.name,
        text: statement.text,
        values: values as unknown[],
        types: rowTypes,
      });
      return rows as Row[];
    },
  };
}
