import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { methods } from '#gen/methods.ts';
import { GrpcClient } from '#lib/grpc/client.ts';
import { createLogger, type Logger } from '#lib/log/logger.ts';
import { Database } from '#lib/pg/database.ts';
import { migrate, type Migrations } from '#lib/pg/migrate.ts';
import { auditorRole, operationsRole, type Rights } from '#lib/pg/rights.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import type { ServiceDefinition, ServiceDeps } from '#lib/service/service-definition.ts';
import { type Door, type Running, startService } from '#lib/service/start-service.ts';
import type { Clock } from '#lib/time/clock.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { startNatsServer } from '../../tools/local/nats-server.ts';
import { createTestDatabase, ensureRoles, giveTo, urlAs } from './database.ts';
import { natsServerBinary, testFileStoreMax } from './servers.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const testLog = createLogger({
  service: 'test',
  instance: String(process.pid),
  level: (process.env['PURSER_TEST_LOG'] ?? 'silent') as 'silent',
});

/**
 * A nats-server of this file's own: services of different files must not see each other's streams.
 */
export async function ownNats(): Promise<{
  url: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}> {
  const folder = temporaryFolder();
  return startNatsServer({
    binary: await natsServerBinary(),
    storeDir: resolve(folder, 'nats'),
    port: await freePort(),
    fileStoreMax: testFileStoreMax,
    orphanFolder: folder,
  });
}

export interface TestDatabaseHandle {
  /** The address that the running service gets: as the role that has no more than its rights. */
  url: string;
  /** The address of another role: `orders_owner`, `auditor`, `operations`. */
  urlOf(role: string): string;
  /** The address of the superuser, for a test that resets tables or looks at other sessions. */
  superuserUrl: string;
  /** Reads or breaks what no RPC shows, as the superuser. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * A migrated database of its own, and a way to look into it. The schema is made by its owner, and
 * what the service may do there is in its `schema/rights.ts`: a right that is missing fails
 * whatever needs it.
 */
export async function serviceDatabase(
  name: string,
  migrations: Migrations,
): Promise<TestDatabaseHandle> {
  const { rights } = (await import(`../../services/${name}/schema/rights.ts`)) as {
    rights: Rights;
  };
  const owner = `${name}_owner`;
  const { url, urlOf, drop } = await createTestDatabase(name, async (address) => {
    await ensureRoles([owner, name, auditorRole, operationsRole]);
    await giveTo(owner, address);
    await migrate(urlAs(owner, address), migrations, rights);
  });
  const database = await Database.open({
    url,
    applicationName: 'test',
    entities: [],
    poolSizeMax: 4,
  });
  let statements = 0;
  return {
    url: urlOf(name),
    urlOf,
    superuserUrl: url,
    sql: <Row>(text: string, values: unknown[] = []) => {
      statements += 1;
      const statement: Statement = { name: `test_${statements}`, text };
      return database.single((tx) => tx.query<Row>(statement, values));
    },
    async close() {
      await database.close();
      await drop();
    },
  };
}

export interface TestService extends Running {
  /** Calls an RPC, as `ann` unless told otherwise, through the generated client. */
  call<Res = any>(path: string, request: unknown, userId?: string, userRole?: string): Promise<Res>;
  stop(): Promise<void>;
}

/**
 * One instance of a service in this process, on ports of the system's choice. Of the services that
 * it calls, those without an address in `targets` do not answer.
 */
export async function testService<Deps extends ServiceDeps>(
  definition: ServiceDefinition<Deps>,
  {
    databaseUrl,
    natsUrl,
    clock,
    targets = {},
    doors = [],
    outboxRowsMax = 1_000_000,
    log = testLog,
  }: {
    databaseUrl: string;
    natsUrl: string;
    clock?: Clock;
    targets?: Record<string, string>;
    doors?: readonly Door<Deps>[];
    outboxRowsMax?: number;
    log?: Logger;
  },
): Promise<TestService> {
  const nobody = (definition.calls ?? []).map((domain) => [domain, '127.0.0.1:1']);
  const closers: (() => unknown)[] = [];
  const running = await startService(
    definition,
    {
      host: '127.0.0.1',
      port: 0,
      internalPort: 0,
      databaseUrl,
      natsUrl,
      reflection: false,
      doors,
      outboxRowsMax,
      targets: { ...Object.fromEntries(nobody), ...targets },
      ...(clock && { clock }),
    },
    { log, onStop: (_what, close) => closers.push(close) },
  );
  const client = new GrpcClient({ target: `127.0.0.1:${running.port}`, log: testLog });
  return {
    ...running,
    call: (path, request, userId = 'ann', userRole = undefined) =>
      client.unary(methods[path as keyof typeof methods] as never, request, {
        userId,
        userRole,
        requestId: randomUUID(),
        deadline: new Date(Date.now() + 10_000),
      }),
    async stop() {
      client.close();
      for (const close of closers.reverse()) await close();
    },
  };
}

/** The reason that a call was refused with; fails when it was not. */
export async function reasonOf(call: Promise<unknown>): Promise<string> {
  const answer = await call.then(
    (value) => ({ value }),
    (error: { reason?: string }) => ({ error }),
  );
  if ('value' in answer) throw new Error(`Not refused: ${inspect(answer.value)}`);
  if (!answer.error.reason) throw answer.error;
  return answer.error.reason;
}

/**
 * Asks again every few milliseconds until `wanted` holds; fails after 10 s with what it saw last.
 */
export async function eventually<T>(
  look: () => Promise<T>,
  wanted: (value: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    if (Date.now() > end) {
      throw new Error(`Still ${inspect(value)} after ${timeoutMs} ms.`);
    }
    await new Promise((resume) => setTimeout(resume, 10));
  }
}
