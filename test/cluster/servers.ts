import { join } from 'node:path';
import { natsServerBinary } from '#test/harness/servers.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { type NatsServer, startNatsServer } from '../../tools/local/nats-server.ts';
import { type Postgres, startPostgres } from '../../tools/local/postgres.ts';
import { createDatabases, type DatabaseUrls } from '../../tools/start/databases.ts';

/** A durable nats-server with its storage in the folder; it ends with this process. */
export async function startBroker(folder: string): Promise<NatsServer> {
  return startNatsServer({
    binary: await natsServerBinary(),
    storeDir: join(folder, 'nats'),
    port: await freePort(),
    orphanFolder: folder,
  });
}

/** A durable PostgreSQL in the folder, with the empty databases; it ends with this process. */
export async function startDatabases(
  folder: string,
  names: readonly string[],
): Promise<{ postgres: Postgres; databaseUrls: ReadonlyMap<string, DatabaseUrls> }> {
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, port: await freePort(), orphanFolder: folder });
  const databaseUrls = await createDatabases(postgres, names, { secretsFolder: dataDir });
  return { postgres, databaseUrls };
}
