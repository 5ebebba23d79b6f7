import type { Client } from 'pg';
import type { Copy } from './copies.ts';
import type { Sample } from './sample.ts';

/**
 * The statement that fills a table: `$1` and `$2` are the number of the first old order, and of the
 * one after the last.
 */
export interface Insert extends Copy {
  text: string;
}

interface Column {
  name: string;
  type: string;
}

/**
 * Reads what the sample has left in a table, and makes one statement for each of its rows that
 * writes them for other orders: the same values, but for ids, times, and what the copy says.
 */
export async function prepareInserts(
  client: Client,
  copy: Copy,
  sample: Sample,
): Promise<Insert[]> {
  const columns = await columnsOf(client, copy.table);
  const wanted = columns.map(({ name }) => `${name}::text`).join(', ');
  const { rows } = await client.query<Record<string, string | null>>(
    `select ${wanted} from ${copy.table} where ${copy.rows}`,
  );
  if (rows.length === 0) throw new Error(`The sample has left nothing in ${copy.table}.`);
  const names = columns.map(({ name }) => name).join(', ');
  return rows.map((row) => {
    const values = columns.map((column) => {
      const value = copied(row[column.name] ?? null, column, sample);
      return copy.change?.[column.name]?.(value) ?? value;
    });
    const text = `
      insert into ${copy.table} (${names})
      select ${values.join(', ')} from pg_temp.old_orders($1, $2) as old`;
    return { ...copy, text };
  });
}

/** The columns that an insert names: neither generated ones nor numbers of a sequence. */
async function columnsOf(client: Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select quote_ident(attname) as name, format_type(atttypid, atttypmod) as type
    from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped
      and attgenerated = '' and attidentity = ''`,
    [table],
  );
  return rows;
}

function copied(value: string | null, { type }: Column, sample: Sample): string {
  if (value === null) return `null::${type}`;
  const event = sample.eventIds.indexOf(value);
  if (event >= 0) return `pg_temp.old_id(old.ms, ${event + 1}, old.n)`;
  if (value === sample.orderId) return 'old.id';
  if (value === `orders/${sample.orderId}`) return `'orders/' || old.id`;
  if (value === sample.userId) return 'old.user_id';
  if (value === sample.accountId) return 'old.account_id';
  const literal = `'${value.replaceAll("'", "''")}'`;
  if (!type.startsWith('timestamp')) return `${literal}::${type}`;
  return `old.moment + (${literal}::timestamptz - '${sample.createTime}'::timestamptz)`;
}
