import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsServerVersion } from '../../tools/local/find-nats-server.ts';
import { isAtLeast } from '../../tools/local/nats-config.ts';
import { ServerProcess } from '../../tools/local/server-process.ts';
import { Namespaces } from './namespaces.ts';

const clientPort = 4222;
const routePort = 6222;
const monitorPort = 8222;
const size = 3;

/** What a server says of its streams. */
interface StreamDetail {
  name: string;
  state: { messages: number };
  cluster?: { leader?: string; replicas?: { name: string; current: boolean; offline?: boolean }[] };
}

interface ClusterOptions {
  binary: string;
  folder: string;
  version: string;
}

/** Three real servers, each in a network of its own, that keep streams together. */
export class NatsCluster {
  readonly #options: ClusterOptions;
  readonly #namespaces: Namespaces;
  readonly #servers: (ServerProcess | undefined)[] = [];

  private constructor(options: ClusterOptions, namespaces: Namespaces) {
    this.#options = options;
    this.#namespaces = namespaces;
  }

  static async open({ binary, folder }: { binary: string; folder: string }): Promise<NatsCluster> {
    const version = await natsServerVersion(binary);
    if (version === undefined) throw new Error(`${binary} is not a nats-server.`);
    const cluster = new NatsCluster({ binary, folder, version }, await Namespaces.open(size));
    for (let index = 0; index < size; index += 1) await cluster.start(index);
    return cluster;
  }

  get version(): string {
    return this.#options.version;
  }

  get url(): string {
    const urls = Array.from({ length: size }, (_, index) => this.#address(index));
    return urls.map((address) => `nats://${address}:${clientPort}`).join(',');
  }

  async start(index: number): Promise<void> {
    const { binary, folder } = this.#options;
    const own = join(folder, `nats-${index + 1}`);
    mkdirSync(own, { recursive: true });
    const config = join(own, 'nats-server.conf');
    writeFileSync(config, this.#config(index, own));
    const [command, ...before] = this.#namespaces.place(index).command;
    this.#servers[index] = await ServerProcess.start({
      command: command!,
      args: [...before, binary, '-c', config],
      logFile: join(own, 'nats-server.log'),
      orphanSignal: 'TERM',
    });
  }

  async kill(index: number): Promise<void> {
    this.#servers[index]?.killNow();
    await this.#servers[index]?.exited;
  }

  cut(index: number): Promise<void> {
    return this.#namespaces.cut(index);
  }

  heal(): Promise<void> {
    return this.#namespaces.heal();
  }

  /** The server that leads the stream, as those say that are asked; undefined while none does. */
  async leaderOf(stream: string, asked = [0, 1, 2]): Promise<number | undefined> {
    for (const index of asked) {
      const leader = (await this.#streams(index)).find(({ name }) => name === stream)?.cluster
        ?.leader;
      if (leader !== undefined && leader !== '') return Number(leader.replace('purser-', '')) - 1;
    }
    return undefined;
  }

  /** Waits until every stream is on all three servers and none of them is behind. */
  async whole(streams: readonly string[], timeoutMs = 60_000): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    let missing = 'no server answers';
    while (Date.now() < endMs) {
      missing = await this.#behind(streams);
      if (missing === '') return;
      await sleep(250);
    }
    throw new Error(`the streams are not whole after ${timeoutMs / 1_000} s: ${missing}`);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) =>
        server?.stop([
          ['SIGTERM', 10_000],
          ['SIGKILL', 2_000],
        ]),
      ),
    );
    await this.#namespaces.close();
  }

  async #behind(streams: readonly string[]): Promise<string> {
    for (const stream of streams) {
      const leader = await this.leaderOf(stream);
      if (leader === undefined) return `${stream} has no leader`;
      const detail = (await this.#streams(leader)).find(({ name }) => name === stream);
      const replicas = detail?.cluster?.replicas ?? [];
      if (replicas.length !== size - 1) return `${stream} has ${replicas.length + 1} copies`;
      const late = replicas.filter(({ current, offline }) => !current || offline === true);
      if (late.length > 0) return `${stream} is behind on ${late.map(({ name }) => name).join()}`;
    }
    return '';
  }

  async #streams(index: number): Promise<StreamDetail[]> {
    const url = `http://${this.#address(index)}:${monitorPort}/jsz?streams=true`;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      const body = (await answer.json()) as {
        account_details?: { stream_detail?: StreamDetail[] }[];
      };
      return (body.account_details ?? []).flatMap((account) => account.stream_detail ?? []);
    } catch {
      return [];
    }
  }

  #address(index: number): string {
    return this.#namespaces.place(index).address;
  }

  #config(index: number, folder: string): string {
    const address = this.#address(index);
    const routes = Array.from({ length: size }, (_, other) => this.#address(other)).map(
      (other) => `nats://${other}:${routePort}`,
    );
    return [
      `server_name: purser-${index + 1}`,
      `listen: "${address}:${clientPort}"`,
      `http: "${address}:${monitorPort}"`,
      // A server that is cut off notices within seconds; the default takes minutes.
      'ping_interval: "2s"',
      'ping_max: 2',
      'jetstream {',
      `  store_dir: ${JSON.stringify(folder)}`,
      '  max_file_store: 4GB',
      ...(isAtLeast(this.#options.version, '2.10.0') ? ['  sync_interval: always'] : []),
      '}',
      'cluster {',
      '  name: purser',
      `  listen: "${address}:${routePort}"`,
      `  routes: ${JSON.stringify(routes)}`,
      '}',
      '',
    ].join('\n');
  }
}
