import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem, usd, type StartedSystem } from '#test/harness/started-system.ts';
import { HttpConnection, requestOf } from './http-connection.ts';
import { readUsage, type Usage } from './process-usage.ts';

export interface BenchSystem extends StartedSystem {
  /** Kept-alive connections to the gateway. */
  http: readonly HttpConnection[];
  /** Users with an account that can pay for everything. */
  users: readonly string[];
  /** Waits until no order is on its way; returns the seconds that took. */
  drain(): Promise<number>;
  /** Undefined where it cannot be read. */
  usage(): Map<string, Usage> | undefined;
  close(): Promise<void>;
}

export const concurrency = 64;

/** Ten million USD. */
const openingBalanceMinor = 1_000_000_000n;

/**
 * What `npm start` runs, all data durable, with accounts for `userCount` users, opened over REST.
 * Debug output is turned off, and the audits of Operations, which would meet one scenario or
 * another.
 */
export async function startBenchSystem(
  userCount: number,
  environment: Record<string, string> = {},
): Promise<BenchSystem> {
  const system = await startSystem({ PURSER_AUDIT_INTERVAL: '0', ...environment });
  const http = await openConnections(system.url);
  const users = Array.from({ length: userCount }, (_, n) => `bench-${n}`);
  await openAccounts(http, users);
  return {
    ...system,
    http,
    users,
    drain: () => drain(system),
    usage: () => readUsage(system.program.child.pid!),
    async close() {
      for (const connection of http) connection.close();
      await system.stop();
    },
  };
}

/** As many as there are callers. The gateway closes those that are not used at once. */
export async function openConnections(url: string): Promise<HttpConnection[]> {
  const address = new URL(url);
  return Promise.all(Array.from({ length: concurrency }, () => HttpConnection.open(address)));
}

async function openAccounts(
  http: readonly HttpConnection[],
  users: readonly string[],
): Promise<void> {
  const waiting = [...users];
  const open = async (connection: HttpConnection) => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      const headers = { 'X-User-Id': user };
      const account = { currencyCode: 'USD' };
      await requireStatus(201, connection, requestOf('POST', '/v1/account', headers, account));
      const topUp = { amount: usd(openingBalanceMinor) };
      await requireStatus(200, connection, requestOf('POST', '/v1/account:topUp', headers, topUp));
    }
  };
  await Promise.all(http.map(open));
}

async function requireStatus(
  wanted: number,
  connection: HttpConnection,
  request: string,
): Promise<void> {
  const { status, body } = await connection.send(request);
  if (status !== wanted) throw new Error(`An account could not be opened: ${status} ${body}`);
}

async function drain(system: StartedSystem): Promise<number> {
  const startedAt = performance.now();
  const isOver = async () => {
    const [row] = await system.sql<{ waiting: boolean }>(
      'orders',
      `select exists (
        select from orders where state in ('PENDING', 'CANCELLING')
      ) as waiting`,
    );
    return row?.waiting === false;
  };
  while (!(await isOver())) await sleep(100);
  return (performance.now() - startedAt) / 1_000;
}
