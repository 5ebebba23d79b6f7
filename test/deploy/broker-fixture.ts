import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { natsServerBinary } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { natsServerVersion } from '../../tools/local/find-nats-server.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { isAtLeast } from '../../tools/local/nats-config.ts';
import { logTail, ServerProcess } from '../../tools/local/server-process.ts';

const deployFolder = resolve(import.meta.dirname, '../../deploy');

export interface DeployedBroker {
  /** The address that PURSER_NATS_URL of a service has in development, here on this machine. */
  urlOf(service: string): string;
  /** Without a user. */
  url: string;
  stop(): Promise<void>;
}

/** A nats-server with the configuration and the passwords of the containers. */
export async function startDeployedBroker(): Promise<DeployedBroker> {
  const folder = temporaryFolder();
  const binary = await natsServerBinary();
  const version = (await natsServerVersion(binary)) ?? '0.0.0';
  const port = await freePort();
  const config = readFileSync(join(deployFolder, 'nats/nats-server.conf'), 'utf8')
    .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
    .replace(/^http: .*$/m, '')
    .replace('"/data"', JSON.stringify(join(folder, 'streams')))
    .replace('sync_interval: always', isAtLeast(version, '2.10.0') ? 'sync_interval: always' : '');
  const configFile = join(folder, 'nats-server.conf');
  writeFileSync(configFile, config);
  const logFile = join(folder, 'nats-server.log');
  const server = await ServerProcess.start({
    command: binary,
    args: ['-c', configFile],
    logFile,
    env: { ...process.env, ...readSecrets('nats') },
    orphanSignal: 'TERM',
    orphanFolder: folder,
  });
  server.unref();
  for (const end = Date.now() + 10_000; !logTail(logFile).includes('Server is ready');) {
    if (!server.running || Date.now() > end) throw new Error(logTail(logFile));
    await sleep(20);
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    urlOf: (service) => {
      const url = readSecrets(service)['PURSER_NATS_URL'] ?? '';
      return url.replace('nats:4222', `127.0.0.1:${port}`);
    },
    stop: () => server.stop([['SIGTERM', 5_000]]),
  };
}

function readSecrets(container: string): NodeJS.Dict<string> {
  return parseEnv(readFileSync(join(deployFolder, `development/${container}.env`), 'utf8'));
}
