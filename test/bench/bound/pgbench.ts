import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface BoundResult {
  ordersPerSecond: number;
}

export const clients = 32;

/** Where Debian's PostgreSQL packages put pgbench when it is not on the PATH. */
const debianPattern = '/usr/lib/postgresql/*/bin/pgbench';

/** The path of pgbench; undefined when this machine has none. */
export function findPgbench(path = process.env['PATH'] ?? ''): string | undefined {
  const onPath = path.split(':').map((folder) => join(folder, 'pgbench'));
  return [...onPath, ...globSync(debianPattern).toSorted().reverse()].find(existsSync);
}

/** Orders in one run of a script. */
const ordersPerRun = { naive: 1, 'sets-of-100': 100 };

export type Bound = keyof typeof ordersPerRun;

/** The statements that make the tables of the bound. */
export const boundTables = readFileSync(join(import.meta.dirname, 'tables.sql'), 'utf8');

/** Runs one script of the bound on a database that has its tables. */
export async function runPgbench(
  pgbench: string,
  databaseUrl: URL,
  bound: Bound,
  seconds: number,
): Promise<BoundResult> {
  const script = join(import.meta.dirname, `${bound}.sql`);
  const options = {
    protocol: 'prepared',
    file: script,
    client: clients,
    jobs: 2,
    time: seconds,
    host: databaseUrl.hostname,
    port: databaseUrl.port,
    username: databaseUrl.username,
  };
  const { stdout } = await execute(
    pgbench,
    [
      '--no-vacuum',
      ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
      databaseUrl.pathname.slice(1),
    ],
    { env: { ...process.env, PGPASSWORD: databaseUrl.password } },
  );
  const rate = /^tps = ([\d.]+)/m.exec(stdout);
  if (rate === null) throw new Error(`pgbench printed no rate:\n${stdout}`);
  return { ordersPerSecond: Number(rate[1]) * ordersPerRun[bound] };
}
