import { randomBytes, randomUUID } from 'node:crypto';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { pino } from 'pino';
import { deadLetterTablesV1, deadLetterTablesV2 } from '#lib/dead-letters/tables.ts';
import { inboxTablesV1, inboxTablesV2 } from '#lib/inbox/tables.ts';
import { Broker } from '#lib/nats/broker.ts';
import { createPublisher } from '#lib/nats/publisher.ts';
import { streamOf } from '#lib/nats/topology.ts';
import { wakeHints } from '#lib/nats/wake-hints.ts';
import { Database } from '#lib/pg/database.ts';
import { createTestDatabase } from '#test/harness/database.ts';
import { testNats } from '#test/harness/servers.ts';
import { Relay, type RelayOptions } from './relay.ts';
import { relayStore } from './relay-store.ts';
import { outboxTablesV1 } from './tables.ts';
import { userToken } from './user-token.ts';

export const quietLog = pino({ level: process.env['PURSER_TEST_LOG'] ?? 'silent' });

export interface OutboxFixture {
  database: Database;
  /** Name of the domain and its stream, of one test alone. */
  readonly domain: string;
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A session of its own, for transactions that a test holds open. */
  session(): Promise<pg.Client>;
  /** Writes events in one transaction and returns their ids. */
  write(count: number, client?: Pick<pg.Client, 'query'>, payload?: Buffer): Promise<string[]>;
  /** An instance with a connection and a relay of its own; stopped by `reset`. */
  instance(options?: Partial<RelayOptions> & { natsUrl?: string }): Promise<Instance>;
  /** Between tests: stops instances and sessions, empties the tables, takes a new domain. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface Instance {
  relay: Relay;
  broker: Broker;
  stop(): Promise<void>;
}

/**
 * A database with nothing but the tables of messaging, for one test file. It goes with its server:
 * dropping it would race with the sessions that are just ending.
 */
export async function openOutbox(): Promise<OutboxFixture> {
  const { url } = await createTestDatabase('messaging', makeTables);
  const database = await Database.open({ url, applicationName: 'test', entities: [] });
  const pool = new pg.Pool({ connectionString: url });
  const closers: (() => Promise<unknown>)[] = [];
  let domain = newDomain();

  async function stopAll(): Promise<void> {
    for (const close of closers.splice(0).reverse()) await close();
  }

  return {
    database,
    get domain() {
      return domain;
    },
    async sql<Row>(text: string, values: unknown[] = []) {
      return (await pool.query(text, values)).rows as Row[];
    },
    async session() {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      closers.push(() => client.end());
      return client;
    },
    write: (count, client = pool, payload = Buffer.from('paid')) =>
      writeEvents(client, { count, domain, payload }),
    async instance(options = {}) {
      const instance = await startInstance({ database, domain, ...options });
      closers.push(() => instance.stop());
      return instance;
    },
    async reset() {
      await stopAll();
      await pool.query(emptyTables);
      domain = newDomain();
    },
    async close() {
      await stopAll();
      await pool.end();
      await database.close();
    },
  };
}

const emptyTables = `
  truncate outbox, inbox, dead_letters restart identity;
  delete from outbox_relay;
  insert into outbox_relay default values`;

function newDomain(): string {
  return `test_${randomBytes(4).toString('hex')}`;
}

async function makeTables(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const tables = [outboxTablesV1, inboxTablesV1, inboxTablesV2];
  await client.query([...tables, deadLetterTablesV1, deadLetterTablesV2].join('\n'));
  await client.end();
}

async function writeEvents(
  client: Pick<pg.Client, 'query'>,
  { count, domain, payload }: { count: number; domain: string; payload: Buffer },
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await client.query(
    `insert into outbox (event_id, type, subject, about, payload)
    select id, 'purser.test.v1.Happened', $2, 'orders/' || id, $3 from unnest($1::uuid[]) as id`,
    [ids, `purser.v1.${domain}.happened.${userToken('ann')}`, payload],
  );
  return ids;
}

async function startInstance({
  natsUrl,
  database,
  domain,
  ...options
}: Partial<RelayOptions> & { natsUrl?: string; database: Database; domain: string }) {
  const log = options.log ?? quietLog;
  const url = natsUrl ?? (await testNats()).url;
  const broker = new Broker({ url, name: 'test', log, onLost: fail });
  const stream = streamOf(domain, { bytesMax: 64 * 1024 * 1024 });
  const relay = new Relay({
    service: domain,
    store: relayStore(database),
    broker: createPublisher({ broker, stream, source: 'purser/test', log }),
    hints: wakeHints({ broker, service: domain }),
    log,
    ...options,
  });
  relay.start();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await relay.stop();
    await broker.close();
  };
  return { relay, broker, stop: () => (stopping ??= stop()) };
}

function fail(error: Error): never {
  throw error;
}

/** The event ids in the stream of a domain, in its order; empty while there is no stream. */
export async function storedIds(connection: NatsConnection, domain: string): Promise<string[]> {
  const stream = streamOf(domain).name;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const count = await manager.streams.info(stream).then(
    ({ state }) => state.messages,
    () => 0,
  );
  if (count === 0) return [];
  const consumer = await jetstream(connection).consumers.get(stream, {
    deliver_policy: DeliverPolicy.All,
  });
  const ids: string[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) {
    ids.push(message.headers?.get('ce-id') ?? '');
    if (ids.length === count) break;
  }
  return ids;
}

/** How many messages the stream of a domain holds. */
export async function storedCount(connection: NatsConnection, domain: string): Promise<number> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  return manager.streams.info(streamOf(domain).name).then(
    ({ state }) => state.messages,
    () => 0,
  );
}
