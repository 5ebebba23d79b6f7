import { join } from 'node:path';
import { findNatsServer, type NatsSource } from '../local/find-nats-server.ts';
import { clearNatsLeftovers, startNatsServer } from '../local/nats-server.ts';
import { clearLeftovers, startPostgres, type Postgres } from '../local/postgres.ts';
import { environmentOf, migrationEnvironment, type Backing } from './child-environment.ts';
import { createDatabases } from './databases.ts';
import { seedDemoUser } from './demo-user.ts';
import { keptSecret } from './kept-secret.ts';
import { LogWatch } from './log-watch.ts';
import { portProblems } from './ports.ts';
import { waitUntilReady } from './readiness.ts';
import { lockDataFolder } from './run-lock.ts';
import { runToEnd } from './run-to-end.ts';
import { startService, stopLeftServices } from './service-process.ts';
import type { Instance, Settings } from './settings.ts';
import type { Steps } from './steps.ts';
import { Supervised, type Running } from './supervised.ts';

/** A system that runs longer than that is started again, or its certificates are renewed. */
const certificateDays = 30;

/** Ten seconds are allowed for everything. The servers behind need a second or two of them. */
const serviceStopTimeoutMs = { edge: 3_000, core: 3_500 };

/** Starts the whole system in its order, keeps it running, and stops it in the reverse order. */
export class Launcher {
  readonly #settings: Settings;
  readonly #steps: Steps;
  readonly #natsSources: readonly NatsSource[] | undefined;
  readonly #stopping = new AbortController();
  readonly #edges: Supervised<Running>[] = [];
  readonly #cores: Supervised<Running>[] = [];
  readonly #servers: Supervised<Running>[] = [];
  /** Names of services that could not be built. */
  readonly #leftOut = new Set<string>();
  readonly #logs: LogWatch;
  #unlock: () => void = () => {};

  constructor(settings: Settings, steps: Steps, natsSources?: readonly NatsSource[]) {
    this.#settings = settings;
    this.#steps = steps;
    this.#natsSources = natsSources;
    this.#logs = new LogWatch((line) => steps.say(line));
  }

  /** Whether a service was left out because it could not be built. */
  isLeftOut(service: string): boolean {
    return this.#leftOut.has(service);
  }

  /** Returns when every service is ready; throws when something fails or `stop` is called. */
  async start(): Promise<void> {
    const { dataFolder, ports } = this.#settings;
    this.#unlock = lockDataFolder(dataFolder);
    await this.#clearLeftovers();
    const problems = await portProblems(ports);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    await this.#makeCertificates();
    const [postgres, natsUrl] = await Promise.all([
      this.#startPostgres(),
      this.#startNats(),
      this.#build(),
    ]);
    const databaseUrls = await this.#migrate(postgres);
    const backing = { natsUrl, databaseUrls, operatorKey: this.operatorKey };
    await this.#runAll((instance) => !instance.service.edge, backing);
    await this.#runAll((instance) => instance.service.edge, backing);
    await this.#seed();
  }

  /** What operators sign in with: what the environment says, else what the data folder keeps. */
  get operatorKey(): string {
    return this.#settings.operatorKey ?? keptSecret(this.#folder('operator.key'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const group of [this.#edges, this.#cores, this.#servers]) {
      await Promise.allSettled(group.map((supervised) => supervised.stop()));
    }
    this.#logs.stop();
    this.#unlock();
  }

  /** Ends everything at once; PostgreSQL and nats-server recover at the next start. */
  killNow(): void {
    this.#stopping.abort();
    for (const supervised of [...this.#edges, ...this.#cores, ...this.#servers]) {
      supervised.killNow();
    }
  }

  #folder(...parts: string[]): string {
    return join(this.#settings.dataFolder, ...parts);
  }

  /** A service that has lost its launcher stops by itself; this is for the ones that could not. */
  async #clearLeftovers(): Promise<void> {
    await stopLeftServices(this.#settings.dataFolder);
    await Promise.all([
      clearNatsLeftovers(this.#folder('nats')),
      clearLeftovers(this.#folder('postgres', 'cluster')),
    ]);
  }

  /** New ones at every start, of the same authority: nothing of ours runs with the old ones. */
  async #makeCertificates(): Promise<void> {
    const { certificates, reachableHost } = this.#settings;
    if (certificates === undefined) return;
    const { writeCertificates } = await import('../certs/write-certificates.ts');
    const options = { days: certificateDays, hosts: [reachableHost] };
    await this.#steps.step('Certificates for mutual TLS', () =>
      writeCertificates(certificates, options),
    );
  }

  /** The folder of a certificate, where connections are mutual TLS. */
  #certificate(name: string): string | undefined {
    const { certificates } = this.#settings;
    return certificates === undefined ? undefined : join(certificates, name);
  }

  #startPostgres(): Promise<Postgres> {
    const port = this.#settings.postgresPort;
    const { signal } = this.#stopping;
    return this.#steps.step(`PostgreSQL on 127.0.0.1:${port}`, () =>
      this.#supervise(this.#servers, 'PostgreSQL', () =>
        startPostgres({
          dataDir: this.#folder('postgres'),
          port,
          logFile: this.#folder('log', 'postgres.log'),
          tlsFolder: this.#certificate('database'),
          signal,
        }),
      ),
    );
  }

  async #startNats(): Promise<string> {
    const port = this.#settings.natsPort;
    const { signal } = this.#stopping;
    const search = { progress: (text: string) => this.#steps.say(text), signal };
    const cache = this.#folder('cache');
    const server = await this.#steps.step(`nats-server on 127.0.0.1:${port}`, async () => {
      const binary = await findNatsServer(cache, search, this.#natsSources);
      return this.#supervise(this.#servers, 'nats-server', () =>
        startNatsServer({
          binary,
          storeDir: this.#folder('nats'),
          port,
          logFile: this.#folder('log', 'nats-server.log'),
          tlsFolder: this.#certificate('nats'),
        }),
      );
    });
    return server.url;
  }

  async #migrate(postgres: Postgres): Promise<Backing['databaseUrls']> {
    const services = new Set(this.#settings.instances.map(({ service }) => service));
    const migrated = [...services].filter(({ migrate }) => migrate !== undefined);
    const names = migrated.map(({ name }) => name);
    return this.#steps.step(`Databases ${names.join(', ')}`, async () => {
      const databaseUrls = await createDatabases(postgres, names, {
        secretsFolder: this.#folder('postgres'),
        certificates: this.#settings.certificates,
      });
      await Promise.all(
        migrated.map(({ name, migrate }) =>
          runToEnd(
            migrate!,
            migrationEnvironment(name, this.#settings, { databaseUrls }),
            this.#stopping.signal,
          ),
        ),
      );
      return databaseUrls;
    });
  }

  /** What fails here is said, and left out: a page that cannot be built must not stop payments. */
  async #build(): Promise<void> {
    const services = new Set(this.#settings.instances.map(({ service }) => service));
    const built = [...services].filter(({ build }) => build !== undefined);
    const { signal } = this.#stopping;
    await Promise.all(
      built.map(async ({ name, build }) => {
        try {
          await this.#steps.step(`The pages of ${name} are built`, () =>
            runToEnd(build!, process.env, signal),
          );
        } catch (error) {
          signal.throwIfAborted();
          this.#leftOut.add(name);
          this.#steps.say(`Everything runs without ${name}: ${(error as Error).message}`);
        }
      }),
    );
  }

  async #runAll(chosen: (instance: Instance) => boolean, backing: Backing): Promise<void> {
    const instances = this.#settings.instances
      .filter(({ service }) => !this.#leftOut.has(service.name))
      .filter(chosen);
    await Promise.all(instances.map((instance) => this.#run(instance, backing)));
  }

  async #run(instance: Instance, backing: Backing): Promise<void> {
    const { name, service, port } = instance;
    const logFile = this.#folder('log', `${name}.log`);
    const group = service.edge ? this.#edges : this.#cores;
    const address = `${this.#settings.reachableHost}:${port}`;
    const start = () =>
      startService({
        name,
        main: service.main,
        dataFolder: this.#settings.dataFolder,
        logFile,
        environment: environmentOf(instance, this.#settings, backing),
        stopTimeoutMs: serviceStopTimeoutMs[service.edge ? 'edge' : 'core'],
      });
    const ready = (running: Running) =>
      waitUntilReady(instance, running, this.#settings.reachableHost, logFile);
    await this.#steps.step(`${name} on ${address}`, () =>
      this.#supervise(group, name, start, ready),
    );
    // Not before: until everything runs, every service warns about the others.
    this.#logs.add(name, logFile);
  }

  async #seed(): Promise<void> {
    const { instances, reachableHost: host } = this.#settings;
    const gateway = instances.find(({ service }) => service.name === 'gateway');
    if (gateway === undefined) return;
    await this.#steps.step('The user demo has an account', () =>
      seedDemoUser({ host, port: gateway.port }),
    );
  }

  async #supervise<R extends Running>(
    group: Supervised<Running>[],
    name: string,
    start: () => Promise<R>,
    ready?: (running: R) => Promise<void>,
  ): Promise<R> {
    this.#stopping.signal.throwIfAborted();
    const supervised = new Supervised(name, start, (sentence) => this.#steps.say(sentence));
    group.push(supervised);
    const running = await supervised.start();
    await ready?.(running);
    supervised.keepRunning();
    return running;
  }
}
