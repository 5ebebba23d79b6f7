import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#lib/pg/database.ts';
import { audit } from '../../services/operations/audit/audit.ts';
import { findSystem } from '../../tools/audit/find-system.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';
import { superuserPassword } from '../../tools/local/postgres-cluster.ts';
import { Program } from './program.ts';
import { eventually } from './service.ts';
import { natsServerBinary } from './servers.ts';
import { temporaryFolder } from './temporary-folder.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

/** What `npm start` runs, as its user sees it: addresses, processes and what it prints. */
export interface StartedSystem {
  /** The gateway, `http://127.0.0.1:…`. */
  url: string;
  ports: {
    gateway: number;
    orders: number;
    payments: number;
    notifications: number;
    live: number;
    notificationsInternal: number;
    operations: number;
    operationsInternal: number;
    nats: number;
  };
  dataFolder: string;
  /** What operators sign in with. */
  operatorKey: string;
  program: Program;
  /**
   * Process ids whose command line matches: `services/orders/main`, `nats-server`, `bin/postgres`.
   */
  pids(pattern: RegExp): number[];
  /** Rows of a service's database, past the service. */
  sql<Row = Record<string, unknown>>(database: string, text: string): Promise<Row[]>;
  /** The variables that name it to `npm run audit` and others. */
  environment: Record<string, string>;
  /** Throws what the audit finds broken. */
  requireSound(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | string>;
}

/**
 * Starts the whole system, on ports of its own unless `environment` names them. `environment` may
 * also give the number of instances, or the data folder of an earlier start; `args` are those of
 * the launcher.
 */
export async function startSystem(
  environment: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<StartedSystem> {
  const ports = {
    ...(await ownPorts()),
    PURSER_DATA: join(temporaryFolder(), 'data'),
    ...environment,
  };
  const program = new Program(process.execPath, ['tools/start/main.mjs', ...args], {
    cwd: projectFolder,
    env: {
      ...process.env,
      // The launcher takes the first nats-server on the PATH, so that nothing is fetched again.
      PATH: `${dirname(await natsServerBinary())}:${process.env['PATH']}`,
      ...ports,
    },
  });
  await program.printed(/Purser runs/);
  const dataFolder = ports.PURSER_DATA;
  const port = (name: string) => Number((ports as Record<string, string>)[name]);
  return {
    url: `http://127.0.0.1:${port('PURSER_GATEWAY_PORT')}`,
    ports: {
      gateway: port('PURSER_GATEWAY_PORT'),
      orders: port('PURSER_ORDERS_PORT'),
      payments: port('PURSER_PAYMENTS_PORT'),
      notifications: port('PURSER_NOTIFICATIONS_PORT'),
      live: port('PURSER_NOTIFICATIONS_LIVE_PORT'),
      notificationsInternal: port('PURSER_NOTIFICATIONS_INTERNAL_PORT'),
      operations: port('PURSER_OPERATIONS_PORT'),
      operationsInternal: port('PURSER_OPERATIONS_INTERNAL_PORT'),
      nats: port('PURSER_NATS_PORT'),
    },
    dataFolder,
    operatorKey: readFileSync(join(dataFolder, 'operator.key'), 'utf8').trim(),
    program,
    pids: (pattern) => pidsOf(dataFolder, pattern),
    sql: (database, text) => query(dataFolder, port('PURSER_POSTGRES_PORT'), database, text),
    environment: ports,
    async requireSound() {
      const report = await audit(findSystem('auditor', ports));
      if (brokenChecks(report).length > 0) throw new Error(reportText(report));
    },
    stop: async () => {
      program.child.kill('SIGTERM');
      return program.exited;
    },
  };
}

/** Processes that may start systems at the same time. */
const processesAtOnce = 5;

/** Which part of every hundred ports belongs to this process, until it ends. */
let slot: Promise<number> | undefined;

/** Blocks of ports that this process has used; the next one is far from the last. */
let blocks = Math.floor(Math.random() * 80);

/** Ports from a range that nothing else here uses; the instances of a service are 100 apart. */
async function ownPorts() {
  slot ??= takeSlot();
  blocks = (blocks + 11) % 80;
  const base = 21_000 + blocks * 100 + (await slot) * (100 / processesAtOnce);
  return {
    PURSER_GATEWAY_PORT: String(base),
    PURSER_ORDERS_PORT: String(base + 1),
    PURSER_PAYMENTS_PORT: String(base + 2),
    PURSER_GATEWAY_INTERNAL_PORT: String(base + 3),
    PURSER_ORDERS_INTERNAL_PORT: String(base + 4),
    PURSER_PAYMENTS_INTERNAL_PORT: String(base + 5),
    PURSER_POSTGRES_PORT: String(base + 6),
    PURSER_NATS_PORT: String(base + 7),
    PURSER_NOTIFICATIONS_PORT: String(base + 8),
    PURSER_NOTIFICATIONS_INTERNAL_PORT: String(base + 9),
    PURSER_NOTIFICATIONS_LIVE_PORT: String(base + 10),
    PURSER_WEB_PORT: String(base + 11),
    PURSER_WEB_INTERNAL_PORT: String(base + 12),
    PURSER_OPERATIONS_PORT: String(base + 13),
    PURSER_OPERATIONS_INTERNAL_PORT: String(base + 14),
  };
}

/** A number below `processesAtOnce`: the process that listens on its port has it. */
async function takeSlot(): Promise<number> {
  for (;;) {
    for (let number = 0; number < processesAtOnce; number += 1) {
      const lock = createServer().unref();
      const isOurs = await new Promise<boolean>((done) => {
        lock.once('error', () => done(false));
        lock.listen(20_900 + number, '127.0.0.1', () => done(true));
      });
      if (isOurs) return number;
    }
    await sleep(200);
  }
}

function pidsOf(dataFolder: string, pattern: RegExp): number[] {
  return execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(dataFolder) && pattern.test(line))
    .map((line) => Number(line.split(' ')[0]));
}

async function query<Row>(
  dataFolder: string,
  port: number,
  database: string,
  text: string,
): Promise<Row[]> {
  const password = superuserPassword(join(dataFolder, 'postgres'));
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  const connection = await Database.open({ url, applicationName: 'test', entities: [] });
  try {
    return await connection.single((tx) => tx.query<Row>({ name: 'test', text }, []));
  } finally {
    await connection.close();
  }
}

export interface Reply {
  status: number;
  body: any;
}

/** Speaks REST as one user. Sends JSON; a string body goes out as it is. */
export function restClient(url: string, userId: string) {
  return async (
    method: 'GET' | 'POST',
    path: string,
    { body, key }: { body?: unknown; key?: string } = {},
  ): Promise<Reply> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'x-user-id': userId,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
}

export const usd = (amountMinor: number | bigint) => ({
  currencyCode: 'USD',
  amountMinor: String(amountMinor),
});

/** Opens an account with that balance; the user is new each time. */
export async function fundedUser(url: string, balanceMinor: number) {
  const userId = `user-${Math.random().toString(36).slice(2)}`;
  const call = restClient(url, userId);
  await call('POST', '/v1/account', { body: { currencyCode: 'USD' } });
  const body = { amount: usd(balanceMinor) };
  const { status } = await call('POST', '/v1/account:topUp', { body, key: 'opening' });
  if (status !== 200) throw new Error(`The account could not be topped up: ${status}.`);
  return { userId, call };
}

/** All of the user's orders, once none of them waits any more. */
export async function finalOrders(
  call: ReturnType<typeof restClient>,
  count: number,
  timeoutMs = 30_000,
): Promise<{ name: string; state: string; failureReason?: string }[]> {
  return eventually(
    async () => {
      const { body } = await call('GET', '/v1/orders?pageSize=1000');
      return body.orders ?? [];
    },
    (orders) => orders.length === count && orders.every(({ state }: any) => state !== 'PENDING'),
    timeoutMs,
  );
}
