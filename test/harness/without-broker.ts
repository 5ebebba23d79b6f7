import { randomUUID } from 'node:crypto';
import { methods } from '#gen/methods.ts';
import { systemTiming } from '#lib/batch/timing.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { GrpcClient } from '#lib/grpc/client.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { Database } from '#lib/pg/database.ts';
import type { Statement, Tx } from '#lib/pg/transaction.ts';
import type {
  Consumption,
  ServiceDefinition,
  ServiceDeps,
} from '#lib/service/service-definition.ts';
import type { Clock } from '#lib/time/clock.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';
import { serviceDatabase, type TestDatabaseHandle, testLog } from './service.ts';

/** A message that a service has written and nobody has delivered for it. */
export type Message = Delivery;

export interface ServiceWithoutBroker {
  database: TestDatabaseHandle;
  /** Calls a handler as `userId`; throws what it throws. */
  call<Res = any>(path: string, request: unknown, userId: string, isStaff?: boolean): Promise<Res>;
  /** The messages about one thing, oldest first. */
  messagesAbout(about: string): Promise<Message[]>;
  /** Hands a batch to the consumer that takes its first message; others take nothing. */
  deliver(batch: readonly Message[]): Promise<void>;
  /** Everything that the service has written so far is published, and the broker loses it. */
  loseMessages(): Promise<void>;
  /** One run of a job of the service. */
  runJob(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Orders and Payments with their handlers and databases and nothing between them: the test delivers
 * each message itself, when, how often and in which order it wants. `change` replaces statements of
 * Payments on their way to the database.
 */
export async function openWithoutBroker({
  change,
}: { change?: (statement: Statement) => Statement } = {}): Promise<{
  orders: ServiceWithoutBroker;
  payments: ServiceWithoutBroker;
  /** Puts the clock of both services forward. */
  passTime(ms: number): void;
  close(): Promise<void>;
}> {
  let passedMs = 0;
  const clock = () => new Date(Date.now() + passedMs);
  const openedPayments = await openOne(payments, paymentsMigrations, { clock, change });
  const upstreams: Upstreams = new Map([
    ['payments', clientOf(openedPayments)],
    ['notifications', nobody],
  ]);
  const opened = {
    orders: await openOne(orders, ordersMigrations, { clock, upstreams }),
    payments: openedPayments,
    passTime(ms: number) {
      passedMs += ms;
    },
  };
  const close = async () => {
    await opened.orders.close();
    await opened.payments.close();
  };
  return { ...opened, close };
}

/** A service that is away. */
const nobody = {
  unary: () => Promise.reject(new PurserError('DEPENDENCY_UNAVAILABLE')),
} as unknown as GrpcClient;

/** Calls the handlers of a service in this process. */
function clientOf(service: ServiceWithoutBroker): GrpcClient {
  const unary: GrpcClient['unary'] = ({ path }, request, { userId = '', userRole }) =>
    service.call(path, request, userId, userRole === 'staff');
  return { unary } as GrpcClient;
}

async function openOne(
  definition: ServiceDefinition,
  migrations: Parameters<typeof serviceDatabase>[1],
  {
    clock,
    upstreams = new Map(),
    change,
  }: {
    clock: Clock;
    upstreams?: Upstreams;
    change?: ((statement: Statement) => Statement) | undefined;
  },
): Promise<ServiceWithoutBroker> {
  const tables = await serviceDatabase(definition.name, migrations);
  const { entities } = definition;
  const database = await Database.open({ url: tables.url, applicationName: 'test', entities });
  const deps: ServiceDeps = {
    database: change ? changed(database, change) : database,
    clock,
    timing: systemTiming,
    broker: undefined as never,
    committed: () => {},
    log: testLog,
    messageDays: 30,
    upstreams,
  };
  const handlers = definition.rpcs(deps);
  const consumptions = definition.consumes(deps);
  const jobs = definition.jobs(deps);
  return {
    database: tables,
    async call(path, request, userId, isStaff = false) {
      const violations = methods[path]!.validate(request);
      if (violations.length > 0) throw new Error(JSON.stringify(violations));
      const handler = handlers[path] as Handler<any, any>;
      return handler(request, callContext(userId, isStaff));
    },
    messagesAbout: (about) => messagesAbout(tables, about),
    async deliver(batch) {
      const consumer = consumptions.find((consumption) => takes(consumption, batch[0]!));
      await consumer?.handle(batch);
    },
    async loseMessages() {
      await tables.sql('update outbox_relay set seen = pg_current_snapshot(), target = null');
    },
    async runJob(name) {
      const job = jobs.find((candidate) => candidate.name === name);
      if (!job) throw new Error(`there is no job ${name}`);
      await job.run(new AbortController().signal);
    },
    async close() {
      await database.close();
      await tables.close();
    },
  };
}

/** The part of a database that writes go through, with other statements. */
function changed(database: Database, change: (statement: Statement) => Statement): Database {
  const on = (tx: Tx): Tx => ({
    query: (statement, values) => tx.query(change(statement), values),
  });
  const writing: Pick<Database, 'single' | 'transaction'> = {
    single: (work) => database.single((tx) => work(on(tx))),
    transaction: (work) => database.transaction((tx) => work(on(tx))),
  };
  return writing as Database;
}

function callContext(userId: string, isStaff: boolean): Parameters<Handler>[1] {
  return {
    userId,
    isStaff,
    requestId: randomUUID(),
    deadline: new Date(Date.now() + 10_000),
    signal: new AbortController().signal,
    log: testLog,
    traceparent: undefined,
  };
}

function takes({ filterSubject }: Consumption, { subject }: Message): boolean {
  const pattern = filterSubject.replace(/\.[*>]$/, '.');
  return subject.startsWith(pattern);
}

async function messagesAbout(tables: TestDatabaseHandle, about: string): Promise<Message[]> {
  const rows = await tables.sql<{
    event_id: string;
    type: string;
    subject: string;
    payload: Buffer;
    create_time: Date;
  }>(
    `select event_id, type, subject, payload, create_time from outbox where about = $1
     order by tx, seq`,
    [about],
  );
  return rows.map(({ event_id: eventId, create_time: time, ...row }) => ({
    ...row,
    eventId,
    about,
    time,
    traceparent: undefined,
    deliveries: 1,
    streamed: undefined,
  }));
}
