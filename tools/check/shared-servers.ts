import { join } from 'node:path';
import { natsServerBinary, testFileStoreMax } from '../../test/harness/servers.ts';
import { freePort } from '../local/free-port.ts';
import { startNatsServer } from '../local/nats-server.ts';
import { startPostgres } from '../local/postgres.ts';

export interface SharedServers {
  /** The variables by which the test files find the servers. */
  environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** One PostgreSQL and one nats-server for all test files of a run; nothing reaches the disk. */
export async function startSharedServers(folder: string): Promise<SharedServers> {
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), port: await freePort(), durable: false }),
    startNatsServer({
      binary: await natsServerBinary(),
      storeDir: join(folder, 'nats'),
      port: await freePort(),
      fileStoreMax: testFileStoreMax,
    }),
  ]);
  return {
    environment: {
      PURSER_TEST_POSTGRES_URL: postgres.url('postgres'),
      PURSER_TEST_NATS_URL: nats.url,
    },
    stop: async () => {
      await Promise.all([postgres.stop(), nats.stop()]);
    },
  };
}
