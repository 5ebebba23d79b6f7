import { hash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsServerVersion } from './find-nats-server.ts';
import { renderNatsConfig } from './nats-config.ts';
import { stopLeftover, type StopSteps } from './running-process.ts';
import { logTail, ServerProcess } from './server-process.ts';

export interface NatsServerOptions {
  /** The program; `findNatsServer` finds one. */
  binary: string;
  /** Holds everything of this server: the streams, its configuration, pid file and log. */
  storeDir: string;
  /** Listened on at 127.0.0.1 only. */
  port: number;
  logFile?: string;
  /** Upper bound of all streams together, in nats-server's notation. Default `8GB`. */
  fileStoreMax?: string;
  /** A folder with tls.crt, tls.key and ca.crt: nobody comes in without a certificate. */
  tlsFolder?: string | undefined;
  /** Removed if this process dies without stopping the server; for temporary servers. */
  orphanFolder?: string;
}

export interface NatsServer {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Settles when the server has ended, with a phrase that says how. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
  /** The crash. */
  kill(): Promise<void>;
  /** The crash, without waiting for it. */
  killNow(): void;
  unref(): void;
}

const stopSteps: StopSteps = [
  ['SIGTERM', 4000],
  ['SIGKILL', 2000],
];

/** Reading large streams back takes seconds; minutes mean that something is wrong. */
const startTimeoutMs = 60_000;

/** Starts nats-server with JetStream; one that a killed run has left on the folder is stopped. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, storeDir, port } = options;
  const logFile = options.logFile ?? join(storeDir, 'nats-server.log');
  const configFile = join(storeDir, 'nats-server.conf');
  const pidFile = join(storeDir, 'nats-server.pid');
  mkdirSync(storeDir, { recursive: true });
  await clearNatsLeftovers(storeDir);
  const version = await natsServerVersion(binary);
  if (version === undefined) throw new Error(`${binary} is not a nats-server.`);
  const fileStoreMax = options.fileStoreMax ?? '8GB';
  // Tells our server from another one on the port, which would greet us just as well.
  const name = `purser-${hash('sha256', storeDir, 'hex').slice(0, 12)}`;
  const { tlsFolder } = options;
  const settings = { version, name, port, storeDir, pidFile, fileStoreMax, tlsFolder };
  writeFileSync(configFile, renderNatsConfig(settings));
  const server = await ServerProcess.start({
    command: binary,
    args: ['-c', configFile],
    logFile,
    orphanSignal: 'TERM',
    ...(options.orphanFolder === undefined ? {} : { orphanFolder: options.orphanFolder }),
  });
  if (!(await isReady(server, port, name))) {
    await server.stop([['SIGKILL', 2000]]);
    throw new Error(`nats-server did not start. The end of ${logFile}:\n${logTail(logFile)}`);
  }
  return {
    pid: server.pid,
    port,
    url: `${tlsFolder === undefined ? 'nats' : 'tls'}://127.0.0.1:${port}`,
    exited: server.exited,
    stop: () => server.stop(stopSteps),
    kill: async () => {
      server.killNow();
      await server.exited;
    },
    killNow: () => server.killNow(),
    unref: () => server.unref(),
  };
}

/** Stops a server that still runs on this folder; its command line names our configuration. */
export async function clearNatsLeftovers(storeDir: string): Promise<boolean> {
  const pidFile = join(storeDir, 'nats-server.pid');
  const stopped = await stopLeftover(pidFile, join(storeDir, 'nats-server.conf'), stopSteps);
  rmSync(pidFile, { force: true });
  return stopped;
}

async function isReady(server: ServerProcess, port: number, name: string): Promise<boolean> {
  const giveUpAt = Date.now() + startTimeoutMs;
  while (server.running && Date.now() < giveUpAt) {
    const greeting = await readGreeting(port);
    if (greeting.includes(`"${name}"`) && greeting.includes('"jetstream":true')) return true;
    await sleep(20);
  }
  return false;
}

/** The first bytes the server sends to a new connection; empty when it does not answer. */
function readGreeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(1000, () => end(''));
    socket.once('error', () => end(''));
    socket.once('close', () => end(''));
    socket.once('data', (data) => end(data.toString('latin1')));
  });
}
