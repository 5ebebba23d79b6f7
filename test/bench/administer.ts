import { join } from 'node:path';
import { Client } from 'pg';
import { superuserPassword } from '../../tools/local/postgres-cluster.ts';
import type { BenchSystem } from './bench-system.ts';

/** The superuser's address of a database of the system under test. */
export function databaseUrl({ dataFolder, environment }: BenchSystem, database: string): URL {
  const password = superuserPassword(join(dataFolder, 'postgres'));
  const port = environment['PURSER_POSTGRES_PORT'];
  return new URL(`postgresql://postgres:${password}@127.0.0.1:${port}/${database}`);
}

/** Runs SQL as the superuser, past the services and without their time limits. */
export async function administer(url: URL, ...texts: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const text of texts) await client.query(text);
  } finally {
    await client.end();
  }
}
