import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { cpuMsOf, cpuMsOfTree } from './cpu.ts';

/** What is counted: everything only grows, so that two looks make a difference. */
export interface Look {
  /** Milliseconds by process; `postgres: …` by database, and for all of the server beside them. */
  cpuMs: Record<string, number>;
  /** Bytes of tables with their indexes, by `database.table`. */
  tableBytes: Record<string, number>;
  walBytes: number;
  commits: number;
  /** Messages and bytes in the streams, by stream. */
  messages: Record<string, number>;
  messageBytes: Record<string, number>;
}

export interface Watched {
  /** Process ids by name. */
  processes: Readonly<Record<string, number>>;
  postgresPid: number;
  /** The superuser's address of a database. */
  postgresUrl(database: string): string;
  databases: readonly string[];
  natsUrl: string;
}

export async function look(watched: Watched): Promise<Look> {
  const server = await query(watched.postgresUrl('postgres'), [
    'checkpoint',
    `select pid, datname from pg_stat_activity where datname is not null`,
    `select pg_current_wal_insert_lsn() - '0/0' as bytes`,
    `select sum(xact_commit)::bigint as commits from pg_stat_database`,
  ]);
  const [, sessions, [wal], [commits]] = server as [unknown, Row[], Row[], Row[]];
  const cpuMs: Record<string, number> = {};
  for (const [name, pid] of Object.entries(watched.processes)) cpuMs[name] = cpuMsOf(pid);
  let known = 0;
  for (const database of watched.databases) {
    const own = sessions.filter(({ datname }) => datname === database);
    const usedMs = own.reduce((sum, { pid }) => sum + cpuMsOf(Number(pid)), 0);
    cpuMs[`postgres: ${database}`] = usedMs;
    known += usedMs;
  }
  cpuMs['postgres: server'] = cpuMsOfTree(watched.postgresPid) - known;
  return {
    cpuMs,
    tableBytes: await tableBytes(watched),
    walBytes: Number(wal!['bytes']),
    commits: Number(commits!['commits']),
    ...(await streams(watched.natsUrl)),
  };
}

/** What one of `count` cost, by the names of the look. */
export function costOf(before: Look, after: Look, count: number): Look {
  const record = (key: 'cpuMs' | 'tableBytes' | 'messages' | 'messageBytes') =>
    Object.fromEntries(
      Object.entries(after[key]).map(([name, value]) => [
        name,
        (value - (before[key][name] ?? 0)) / count,
      ]),
    );
  return {
    cpuMs: record('cpuMs'),
    tableBytes: record('tableBytes'),
    walBytes: (after.walBytes - before.walBytes) / count,
    commits: (after.commits - before.commits) / count,
    messages: record('messages'),
    messageBytes: record('messageBytes'),
  };
}

type Row = Record<string, unknown>;

async function tableBytes({ databases, postgresUrl }: Watched): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const database of databases) {
    const [rows] = (await query(postgresUrl(database), [
      `select relname, pg_total_relation_size(oid) as bytes from pg_class
       where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    ])) as [Row[]];
    for (const { relname, bytes } of rows) found[`${database}.${relname}`] = Number(bytes);
  }
  return found;
}

async function streams(natsUrl: string): Promise<Pick<Look, 'messages' | 'messageBytes'>> {
  const connection = await connect({ servers: natsUrl.split(',') });
  try {
    const manager = await jetstreamManager(connection);
    const result: Pick<Look, 'messages' | 'messageBytes'> = { messages: {}, messageBytes: {} };
    for await (const { config, state } of manager.streams.list()) {
      result.messages[config.name] = state.messages;
      result.messageBytes[config.name] = state.bytes;
    }
    return result;
  } finally {
    await connection.close();
  }
}

/** The rows of each statement. */
export async function query(url: string, statements: readonly string[]): Promise<Row[][]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results: Row[][] = [];
    for (const text of statements) results.push((await client.query(text)).rows as Row[]);
    return results;
  } finally {
    await client.end();
  }
}
