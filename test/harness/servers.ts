import { resolve } from 'node:path';
import { findNatsServer } from '../../tools/local/find-nats-server.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { startNatsServer } from '../../tools/local/nats-server.ts';
import { startPostgres } from '../../tools/local/postgres.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestPostgres {
  /** The superuser's address of the database `postgres`. */
  adminUrl: string;
  /** The superuser's address of any database. */
  url(database: string): string;
}

export interface TestNats {
  url: string;
}

const projectFolder = resolve(import.meta.dirname, '../..');

let postgres: Promise<TestPostgres> | undefined;
let nats: Promise<TestNats> | undefined;

/**
 * A PostgreSQL for tests: the one the runner shares among all files, else one of this process,
 * which ends and disappears with it. It does not flush to the disk.
 */
export function testPostgres(): Promise<TestPostgres> {
  postgres ??= openPostgres();
  return postgres;
}

/** A nats-server with JetStream for tests; shared or of this process, as PostgreSQL. */
export function testNats(): Promise<TestNats> {
  nats ??= openNats();
  return nats;
}

/** The nats-server program, for tests that start and kill their own. */
export function natsServerBinary(): Promise<string> {
  const dataFolder = process.env['PURSER_DATA'] ?? resolve(projectFolder, '.purser');
  return findNatsServer(resolve(dataFolder, 'cache'), {
    progress: (sentence) => process.stderr.write(`${sentence}\n`),
  });
}

async function openPostgres(): Promise<TestPostgres> {
  const shared = process.env['PURSER_TEST_POSTGRES_URL'];
  if (shared !== undefined) return describePostgres(shared);
  const folder = temporaryFolder();
  const server = await startPostgres({
    dataDir: resolve(folder, 'postgres'),
    port: await freePort(),
    durable: false,
    orphanFolder: folder,
  });
  server.unref();
  return describePostgres(server.url('postgres'));
}

async function openNats(): Promise<TestNats> {
  const shared = process.env['PURSER_TEST_NATS_URL'];
  if (shared !== undefined) return { url: shared };
  const folder = temporaryFolder();
  const server = await startNatsServer({
    binary: await natsServerBinary(),
    storeDir: resolve(folder, 'nats'),
    port: await freePort(),
    fileStoreMax: testFileStoreMax,
    orphanFolder: folder,
  });
  server.unref();
  return { url: server.url };
}

/** Streams reserve their upper bound when they are made, and tests make many. */
export const testFileStoreMax = '1TB';

function describePostgres(adminUrl: string): TestPostgres {
  return {
    adminUrl,
    url(database) {
      const url = new URL(adminUrl);
      url.pathname = `/${database}`;
      return url.href;
    },
  };
}
