import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkVersion,
  createCluster,
  findBinaries,
  postgresEnvironment,
  superuserPassword,
} from './postgres-cluster.ts';
import { launchAs, postgresOwner } from './postgres-owner.ts';
import { tlsSettings } from './postgres-tls.ts';
import { stopLeftover, type StopSteps } from './running-process.ts';
import { logTail, ServerProcess } from './server-process.ts';

export interface PostgresOptions {
  /** Holds everything of this server: `cluster/`, `password` and, unless named, the log. */
  dataDir: string;
  /** Listened on at 127.0.0.1 only. */
  port: number;
  /** False gives up what a power loss would destroy; for tests only. Default true. */
  durable?: boolean;
  /**
   * A folder with tls.crt, tls.key and ca.crt: then nobody comes in without TLS, and without a
   * certificate of that authority in the name of the role, beside the password.
   */
  tlsFolder?: string | undefined;
  /** Further server settings, by their name in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  logFile?: string;
  /** Removed if this process dies without stopping the server; for temporary servers. */
  orphanFolder?: string;
  /** Gives up a start that is under way. */
  signal?: AbortSignal;
}

export interface Postgres {
  readonly pid: number;
  readonly port: number;
  /** Settles when the server has ended, with a phrase that says how. */
  readonly exited: Promise<string>;
  /** The superuser's address of a database. */
  url(database: string): string;
  /** Ends all sessions, writes a checkpoint, ends. */
  stop(): Promise<void>;
  /** The crash: nothing is flushed, the next start has to recover. */
  kill(): Promise<void>;
  /** The crash, without waiting for it. */
  killNow(): void;
  unref(): void;
}

/** Fast shutdown; if a session does not end, without a checkpoint; then by force. */
const stopSteps: StopSteps = [
  ['SIGINT', 4000],
  ['SIGQUIT', 2000],
  ['SIGKILL', 2000],
];

/** Crash recovery reads at most max_wal_size (4 GB) of log; a slow disk takes its time. */
const startTimeoutMs = 120_000;

/**
 * Starts PostgreSQL on its data folder, which is created when it is missing. A server that a killed
 * run has left on the folder is stopped first.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, port } = options;
  const cluster = join(dataDir, 'cluster');
  const logFile = options.logFile ?? join(dataDir, 'postgres.log');
  mkdirSync(dataDir, { recursive: true });
  await clearLeftovers(cluster);
  const owner = postgresOwner(cluster);
  const password = superuserPassword(dataDir);
  if (!existsSync(cluster)) {
    const { durable = true, signal } = options;
    await createCluster(dataDir, owner, { durable, signal });
  }
  checkVersion(cluster);
  const { postgres } = await findBinaries();
  const { tlsFolder } = options;
  const secure = tlsFolder === undefined ? {} : tlsSettings(tlsFolder, dataDir, owner);
  const settings = { ...secure, ...options.settings };
  const args = ['-D', cluster, ...settingArguments({ ...options, settings })];
  const launch = launchAs(owner, postgres, args, [postgres, cluster]);
  const server = await startUntilReady(cluster, {
    ...launch,
    logFile,
    env: postgresEnvironment(),
    orphanSignal: options.orphanFolder === undefined ? 'INT' : 'QUIT',
    ...(options.orphanFolder === undefined ? {} : { orphanFolder: options.orphanFolder }),
  });
  return {
    pid: server.pid,
    port,
    exited: server.exited,
    url: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    stop: () => server.stop(stopSteps),
    kill: async () => {
      server.killNow();
      await server.exited;
    },
    killNow: () => server.killNow(),
    unref: () => server.unref(),
  };
}

/**
 * Stops a server that still runs on this folder and removes what a dead one has left: a pid file
 * whose number another program has by now would keep the new server from starting.
 */
export async function clearLeftovers(cluster: string): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid');
  const stopped = await stopLeftover(pidFile, cluster, stopSteps);
  rmSync(pidFile, { force: true });
  return stopped;
}

function settingArguments({ port, durable, settings }: PostgresOptions): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket's path may have 107 bytes, which the folder of a clone easily exceeds.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%a %u@%d ',
    // A client that is gone, or a network that swallows everything, must not hold row locks: the
    // server looks for them every 5 s and gives up on unacknowledged data after 10 s.
    client_connection_check_interval: '5s',
    ...(process.platform === 'linux' ? { tcp_user_timeout: '10s' } : {}),
    ...(durable === false ? { fsync: 'off', full_page_writes: 'off' } : sizeSettings()),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * As PostgreSQL comes it holds 128 MB of its tables in memory, and under full load its log makes it
 * write all of them to the disk once a minute, and each page to the log again after that.
 */
function sizeSettings(): Record<string, string> {
  // A container may have less than the machine; 0 is unknown.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const bufferMb = Math.min(4096, Math.max(128, Math.floor(memory / 8 / 2 ** 20)));
  return { shared_buffers: `${bufferMb}MB`, max_wal_size: '4GB' };
}

type StartOptions = Parameters<typeof ServerProcess.start>[0];

async function startUntilReady(cluster: string, start: StartOptions): Promise<ServerProcess> {
  const giveUpAt = Date.now() + startTimeoutMs;
  for (;;) {
    const server = await ServerProcess.start(start);
    if (await isReadyBefore(giveUpAt, server, cluster)) return server;
    const tail = logTail(start.logFile);
    await server.stop([['SIGKILL', 2000]]);
    // The sessions of a killed server end a moment after it, and hold its shared memory until then.
    if (!tail.includes('pre-existing shared memory block') || Date.now() > giveUpAt) {
      throw new Error(`PostgreSQL did not start. The end of ${start.logFile}:\n${tail}`);
    }
    await sleep(200);
  }
}

/** Reads the state from the eighth line of the server's pid file, as pg_ctl does. */
async function isReadyBefore(
  giveUpAt: number,
  server: ServerProcess,
  cluster: string,
): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid');
  while (server.running && Date.now() < giveUpAt) {
    const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true;
    await sleep(20);
  }
  return false;
}
