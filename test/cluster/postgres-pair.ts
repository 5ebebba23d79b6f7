import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../tools/local/free-port.ts';
import { startPostgres, type Postgres } from '../../tools/local/postgres.ts';
import { createDatabases, type DatabaseUrls } from '../../tools/start/databases.ts';
import { TcpFront } from './tcp-front.ts';

const execute = promisify(execFile);

interface Node {
  folder: string;
  port: number;
  server: Postgres | undefined;
}

/**
 * A primary and a synchronous standby, and one address that leads to the primary of the moment, as
 * the `-rw` Service of CloudNativePG does.
 */
export class PostgresPair {
  readonly databaseUrls: ReadonlyMap<string, DatabaseUrls>;
  readonly #front: TcpFront;
  #primary: Node;
  #standby: Node;

  private constructor(
    nodes: [Node, Node],
    front: TcpFront,
    databaseUrls: ReadonlyMap<string, DatabaseUrls>,
  ) {
    [this.#primary, this.#standby] = nodes;
    this.#front = front;
    this.databaseUrls = databaseUrls;
  }

  static async open(folder: string, names: readonly string[]): Promise<PostgresPair> {
    const node = async (name: string): Promise<Node> => ({
      folder: join(folder, name),
      port: await freePort(),
      server: undefined,
    });
    const nodes: [Node, Node] = [await node('a'), await node('b')];
    const [first] = nodes;
    first.server = await start(first);
    const front = await TcpFront.open([first.port]);
    const direct = await createDatabases(first.server, names, {
      secretsFolder: first.folder,
    });
    const throughFront = (url: string) => url.replace(`:${first.port}/`, `:${front.port}/`);
    const databaseUrls = new Map(
      [...direct].map(([name, { service, migration, operations }]) => [
        name,
        {
          service: throughFront(service),
          migration: throughFront(migration),
          operations: throughFront(operations),
        },
      ]),
    );
    const pair = new PostgresPair(nodes, front, databaseUrls);
    await pair.restoreStandby();
    return pair;
  }

  /** Copies the running primary to a new standby; from then on commits wait for it. */
  async restoreStandby(): Promise<void> {
    const standby = this.#standby;
    await copyRunning(this.#primary, standby);
    await this.startStandby();
    await this.#sql(
      this.#primary,
      `alter system set synchronous_standby_names = 'ANY 1 ("standby")'`,
    );
    await this.#sql(this.#primary, 'select pg_reload_conf()');
    await this.#untilSynchronous();
  }

  async startStandby(): Promise<void> {
    const { folder, port } = this.#primary;
    const password = await passwordOf(folder);
    this.#standby.server = await start(this.#standby, {
      primary_conninfo:
        `host=127.0.0.1 port=${port} user=postgres password=${password} ` +
        'application_name=standby',
    });
  }

  /** The power plug of the standby. */
  async killStandby(): Promise<void> {
    await this.#standby.server?.kill();
    this.#standby.server = undefined;
  }

  /** The power plug of the primary. */
  async killPrimary(): Promise<void> {
    this.#front.point([]);
    await this.#primary.server?.kill();
    this.#primary.server = undefined;
  }

  /** Makes the standby the primary; commits wait for nobody until there is a new standby. */
  async promote(): Promise<void> {
    [this.#primary, this.#standby] = [this.#standby, this.#primary];
    const [row] = await this.#sql(this.#primary, 'select pg_promote(true, 60) as done');
    if (row?.['done'] !== true) throw new Error('the standby was not promoted within a minute');
    await this.#sql(this.#primary, `alter system reset synchronous_standby_names`);
    await this.#sql(this.#primary, 'select pg_reload_conf()');
    this.#front.point([this.#primary.port]);
  }

  async close(): Promise<void> {
    this.#front.close();
    await this.#primary.server?.stop();
    await this.#standby.server?.stop();
  }

  async #untilSynchronous(): Promise<void> {
    for (const endMs = Date.now() + 60_000; Date.now() < endMs; await sleep(100)) {
      const [row] = await this.#sql(
        this.#primary,
        `select count(*)::int as n from pg_stat_replication where sync_state = 'quorum'`,
      );
      if (row?.['n'] === 1) return;
    }
    throw new Error('the standby is not synchronous after a minute');
  }

  async #sql({ server }: Node, text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: server!.url('postgres') });
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }
}

function start({ folder, port }: Node, more: Record<string, string> = {}): Promise<Postgres> {
  // Enough log is kept for a standby that was copied a moment ago.
  return startPostgres({ dataDir: folder, port, settings: { wal_keep_size: '1GB', ...more } });
}

async function passwordOf(folder: string): Promise<string> {
  const { superuserPassword } = await import('../../tools/local/postgres-cluster.ts');
  return superuserPassword(folder);
}

/**
 * A base backup of a running server by PostgreSQL's low-level API ("Making a Base Backup Using the
 * Low Level API"): the binaries of npm come without pg_basebackup.
 */
async function copyRunning(from: Node, to: Node): Promise<void> {
  rmSync(to.folder, { recursive: true, force: true });
  mkdirSync(to.folder, { recursive: true });
  await execute('cp', ['-p', join(from.folder, 'password'), to.folder]);
  const client = new pg.Client({ connectionString: from.server!.url('postgres') });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('standby', true)`);
    await copyFiles(join(from.folder, 'cluster'), join(to.folder, 'cluster'));
    const { rows } = await client.query(`select labelfile from pg_backup_stop(true)`);
    const cluster = join(to.folder, 'cluster');
    rmSync(join(cluster, 'postmaster.pid'), { force: true });
    rmSync(join(cluster, 'standby.signal'), { force: true });
    writeFileSync(join(cluster, 'backup_label'), (rows[0] as { labelfile: string }).labelfile);
    writeFileSync(join(cluster, 'standby.signal'), '');
    // As the copied files: of the user that the server runs as.
    const files = ['backup_label', 'standby.signal'].map((name) => join(cluster, name));
    await execute('chown', [`--reference=${join(cluster, 'PG_VERSION')}`, ...files]);
  } finally {
    await client.end();
  }
}

/** Files that go while they are copied, as temporary ones do, are none of the backup. */
async function copyFiles(from: string, to: string): Promise<void> {
  try {
    await execute('cp', ['-a', from, to]);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const others = stderr
      .split('\n')
      .filter((line) => line !== '' && !line.includes('No such file or directory'));
    if (others.length > 0) throw error;
  }
}
