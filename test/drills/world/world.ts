import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { natsServerBinary } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import type { SystemAddresses } from '../../../tools/audit/find-system.ts';
import { startNatsServer } from '../../../tools/local/nats-server.ts';
import { superuserPassword } from '../../../tools/local/postgres-cluster.ts';
import { type Postgres, startPostgres } from '../../../tools/local/postgres.ts';
import {
  type Backing,
  environmentOf,
  migrationEnvironment,
} from '../../../tools/start/child-environment.ts';
import { createDatabases, type DatabaseUrls } from '../../../tools/start/databases.ts';
import { call } from '../../../tools/start/http.ts';
import { portProblems } from '../../../tools/start/ports.ts';
import { runToEnd } from '../../../tools/start/run-to-end.ts';
import { startService } from '../../../tools/start/service-process.ts';
import { services } from '../../../tools/start/services.ts';
import { type Instance, readSettings, type Settings } from '../../../tools/start/settings.ts';
import { waitUntilReady } from '../../../tools/start/readiness.ts';
import { Member, type MemberKind } from './member.ts';

export interface WorldOptions {
  /** How many processes of each service; two of each by default. */
  instances?: Partial<Record<MemberKind, number>>;
  /** Folders of their own, for instance on disks that can be pulled out. */
  postgresFolder?: string | undefined;
  natsFolder?: string | undefined;
  postgresSettings?: Readonly<Record<string, string>>;
  /** Whether PostgreSQL flushes to the disk; not needed where only processes die. */
  durable?: boolean;
  /**
   * What stands between the services and their broker, database or each other: takes the port that
   * is meant and whom, gives the one to call instead.
   */
  link?: (kind: MemberKind, port: number) => Promise<number>;
  /** More variables for one process, at each of its starts. */
  environment?: (name: string) => Record<string, string>;
}

const kinds: MemberKind[] = ['orders', 'payments', 'notifications', 'gateway'];

/** Where `npm start` keeps compiled code as well: without it every restart takes twice as long. */
const codeFolder = resolve(import.meta.dirname, '../../../node_modules/.cache/compiled');

/**
 * The whole system as `npm start` runs it, without the store front, and with a handle on each of
 * its processes. All in a temporary folder, on ports of its own.
 */
export class World {
  readonly folder: string;
  readonly settings: Settings;
  readonly members: Member[] = [];
  readonly #options: WorldOptions;
  readonly #variables: Record<string, string>;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.folder = temporaryFolder();
    this.#variables = { PURSER_DATA: this.folder, ...ports(), ...instanceCounts(options) };
    const wanted = services.filter(({ name }) => this.#count(name) > 0);
    this.settings = readSettings(wanted, this.#variables);
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    for (let attempt = 1; ; attempt += 1) {
      const world = new World(options);
      const problems = await portProblems(world.settings.ports);
      if (problems.length > 0 && attempt < 20) continue;
      if (problems.length > 0) throw new Error(problems.join('\n'));
      try {
        await world.#startAll();
        return world;
      } catch (error) {
        await world.stop();
        throw error;
      }
    }
  }

  /** PostgreSQL's superuser in one of its databases: drills do what no service may do. */
  adminUrl(database: string): string {
    const password = superuserPassword(this.#postgresFolder);
    return `postgresql://postgres:${password}@127.0.0.1:${this.settings.postgresPort}/${database}`;
  }

  /** What `npm run audit` would read. */
  addresses(): SystemAddresses {
    return {
      orders: this.adminUrl('orders'),
      payments: this.adminUrl('payments'),
      notifications: this.adminUrl('notifications'),
      nats: `nats://127.0.0.1:${this.settings.natsPort}`,
      tls: undefined,
    };
  }

  all(...wanted: MemberKind[]): Member[] {
    return this.members.filter(({ kind }) => wanted.includes(kind));
  }

  one(kind: MemberKind): Member {
    return this.all(kind)[0]!;
  }

  get services(): Member[] {
    return this.all('orders', 'payments', 'notifications', 'gateway');
  }

  instance(name: string): Instance {
    return this.settings.instances.find((instance) => instance.name === name)!;
  }

  portsOf(kind: MemberKind): number[] {
    return this.settings.instances
      .filter(({ service }) => service.name === kind)
      .map(({ port }) => port);
  }

  /** A path of the internal port of one process; undefined when it does not answer. */
  async internal(
    name: string,
    path: string,
    post?: string,
  ): Promise<{ status: number; body: string } | undefined> {
    const { internalPort: port } = this.instance(name);
    const request = { host: '127.0.0.1', port, path, method: post === undefined ? 'GET' : 'POST' };
    return call({ ...request, ...(post !== undefined && { body: post }) }).catch(() => undefined);
  }

  /** Tells a process where to fail; throws when it does not take it. */
  async arm(name: string, deeds: string): Promise<void> {
    const answer = await this.internal(name, '/failpoints', deeds);
    if (answer?.status !== 200) throw new Error(`${name} did not take ${deeds}: ${answer?.body}`);
  }

  /** Whether every process says that it is ready. */
  async isReady(): Promise<boolean> {
    const answers = await Promise.all(
      this.settings.instances.map(({ name }) => this.internal(name, '/readyz')),
    );
    return answers.every((answer) => answer?.status === 200);
  }

  async stop(): Promise<void> {
    const order: MemberKind[][] = [['gateway'], ['orders', 'payments', 'notifications'], ['nats']];
    for (const group of [...order, ['postgres'] as MemberKind[]]) {
      await Promise.allSettled(this.all(...group).map((member) => member.stop()));
    }
  }

  /** None of what is no part of drills, which is the store front. */
  #count(name: string): number {
    const kind = kinds.find((known) => known === name);
    return kind === undefined ? 0 : (this.#options.instances?.[kind] ?? 2);
  }

  async #startAll(): Promise<void> {
    const { postgresPort, natsPort } = this.settings;
    let postgres: Postgres | undefined;
    const binary = await natsServerBinary();
    await this.#add('postgres', 'postgres', async () => {
      postgres = await startPostgres({
        dataDir: this.#postgresFolder,
        port: postgresPort,
        durable: this.#options.durable ?? false,
        settings: this.#options.postgresSettings ?? {},
        logFile: join(this.folder, 'log', 'postgres.log'),
      });
      return postgres;
    });
    await this.#add('nats', 'nats', () =>
      startNatsServer({
        binary,
        storeDir: this.natsFolder,
        port: natsPort,
        logFile: join(this.folder, 'log', 'nats.log'),
        // Streams reserve their bounds, whatever the disk of a drill can hold.
        fileStoreMax: '8GB',
      }),
    );
    const backing = await this.#migrate(postgres!);
    mkdirSync(join(this.folder, 'run'), { recursive: true });
    for (const isEdge of [false, true]) {
      const instances = this.settings.instances.filter(({ service }) => service.edge === isEdge);
      await Promise.all(instances.map((instance) => this.#addService(instance, backing)));
    }
  }

  get natsFolder(): string {
    return this.#options.natsFolder ?? join(this.folder, 'nats');
  }

  get #postgresFolder(): string {
    return this.#options.postgresFolder ?? join(this.folder, 'postgres');
  }

  async #migrate(postgres: Postgres): Promise<Backing> {
    const migrated = this.settings.instances
      .map(({ service }) => service)
      .filter((service, index, all) => service.migrate && all.indexOf(service) === index);
    const names = migrated.map(({ name }) => name);
    const databaseUrls = await createDatabases(postgres, names, {
      secretsFolder: this.#postgresFolder,
    });
    const never = new AbortController().signal;
    for (const { name, migrate } of migrated) {
      const environment = migrationEnvironment(name, this.settings, { databaseUrls });
      await runToEnd(migrate!, environment, never);
    }
    const { link = async (_kind: MemberKind, port: number) => port } = this.#options;
    const linked = new Map<string, DatabaseUrls>();
    for (const [name, urls] of databaseUrls) {
      const port = await link('postgres', this.settings.postgresPort);
      linked.set(name, { ...urls, service: urls.service.replace(/:\d+\//, `:${port}/`) });
    }
    const natsUrl = `nats://127.0.0.1:${await link('nats', this.settings.natsPort)}`;
    return { natsUrl, databaseUrls: linked, operatorKey: 'the-key-of-the-drills' };
  }

  async #addService(instance: Instance, backing: Backing): Promise<void> {
    const { name, service } = instance;
    const logFile = join(this.folder, 'log', `${name}.log`);
    const start = () =>
      startService({
        name,
        main: service.main,
        dataFolder: this.folder,
        logFile,
        environment: {
          ...environmentOf(instance, this.settings, backing),
          PURSER_FAILPOINTS: 'on',
          NODE_COMPILE_CACHE: codeFolder,
          ...this.#options.environment?.(name),
        },
        stopTimeoutMs: 5_000,
      });
    let running: Awaited<ReturnType<typeof start>> | undefined;
    await this.#add(name, service.name as MemberKind, async () => (running = await start()));
    await waitUntilReady(instance, running!, '127.0.0.1', logFile);
  }

  async #add(name: string, kind: MemberKind, start: ConstructorParameters<typeof Member>[2]) {
    const member = new Member(name, kind, start);
    await member.start();
    this.members.push(member);
  }
}

/** The ports of all processes from 30000 to 32700, which neither tests nor the system give out. */
function ports(): Record<string, string> {
  const base = 30_000 + Math.floor(Math.random() * 60) * 40;
  const names = kinds.flatMap((kind) => {
    const upper = kind.toUpperCase();
    return [`PURSER_${upper}_PORT`, `PURSER_${upper}_INTERNAL_PORT`];
  });
  names.push('PURSER_NOTIFICATIONS_LIVE_PORT', 'PURSER_POSTGRES_PORT', 'PURSER_NATS_PORT');
  return Object.fromEntries(names.map((name, index) => [name, String(base + index)]));
}

function instanceCounts({ instances = {} }: WorldOptions): Record<string, string> {
  const entries = kinds.map((kind) => {
    return [`PURSER_${kind.toUpperCase()}_INSTANCES`, String(Math.max(1, instances[kind] ?? 2))];
  });
  return Object.fromEntries(entries);
}
