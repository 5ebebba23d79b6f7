import { join, resolve } from 'node:path';
import { audit } from '../../services/operations/audit/audit.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';
import { freePort } from '../../tools/local/free-port.ts';
import type { DatabaseUrls } from '../../tools/start/databases.ts';
import { waitUntilReady } from '../../tools/start/readiness.ts';
import { runToEnd } from '../../tools/start/run-to-end.ts';
import { startService } from '../../tools/start/service-process.ts';
import { services } from '../../tools/start/services.ts';
import { mkdirSync } from 'node:fs';
import { TcpFront } from './tcp-front.ts';

export const projectFolder = resolve(import.meta.dirname, '../..');

export interface FleetOptions {
  /** For logs and process ids. */
  folder: string;
  /** Address of each service's database, by the service's name. */
  databaseUrls: ReadonlyMap<string, DatabaseUrls>;
  natsUrl: string;
  streamReplicas: 1 | 3;
  /** Most instances of a service at a time. */
  slots: number;
}

/** One process of a service. */
export interface Member {
  service: string;
  slot: number;
  pid: number;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
}

const fleetServices = ['orders', 'payments', 'notifications', 'gateway'];

interface Slot {
  port: number;
  internalPort: number;
  livePort: number;
}

/**
 * The services in any number, from any folder with their code, on databases and a broker that
 * somebody else runs. Every service knows the addresses of all slots of the others, taken or not.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #slots: ReadonlyMap<string, readonly Slot[]>;
  readonly #members = new Set<Member>();
  readonly #front: TcpFront;

  private constructor(options: FleetOptions, slots: Map<string, Slot[]>, front: TcpFront) {
    this.#options = options;
    this.#slots = slots;
    this.#front = front;
  }

  static async open(options: FleetOptions): Promise<Fleet> {
    mkdirSync(join(options.folder, 'run'), { recursive: true });
    const slots = new Map<string, Slot[]>();
    for (const service of fleetServices) {
      const own: Slot[] = [];
      for (let slot = 0; slot < options.slots; slot += 1) {
        const [port, internalPort, livePort] = [
          await freePort(),
          await freePort(),
          await freePort(),
        ];
        own.push({ port, internalPort, livePort });
      }
      slots.set(service, own);
    }
    return new Fleet(options, slots, await TcpFront.open([]));
  }

  /** The balancer before the gateways. */
  get url(): string {
    return `http://127.0.0.1:${this.#front.port}`;
  }

  get members(): readonly Member[] {
    return [...this.#members];
  }

  /** Brings every database to the schema of the code in `codeFolder`. */
  async migrate(codeFolder = projectFolder): Promise<void> {
    for (const name of this.#options.databaseUrls.keys()) {
      const script = join(codeFolder, `services/${name}/migrate.ts`);
      const { migration } = this.#options.databaseUrls.get(name)!;
      const variable = `PURSER_${name.toUpperCase()}_MIGRATION_DATABASE_URL`;
      const environment = { PATH: process.env['PATH'], [variable]: migration };
      await runToEnd(script, environment, AbortSignal.timeout(120_000));
    }
  }

  /** Starts one more instance in a free slot; resolves when it is ready. */
  async add(service: string, codeFolder = projectFolder): Promise<Member> {
    const taken = new Set(
      this.members.filter((member) => member.service === service).map(({ slot }) => slot),
    );
    const slot = this.#slotsOf(service).findIndex((_, index) => !taken.has(index));
    if (slot < 0) throw new Error(`all slots of ${service} are taken`);
    const { folder } = this.#options;
    const place = this.#slotsOf(service)[slot]!;
    const name = `${service}-${slot + 1}`;
    const logFile = join(folder, 'log', `${name}.log`);
    const main = service === 'gateway' ? 'gateway/main.ts' : `services/${service}/main.ts`;
    const running = await startService({
      name,
      main: join(codeFolder, main),
      dataFolder: folder,
      logFile,
      environment: this.#environment(service, place),
      stopTimeoutMs: 12_000,
    });
    const member = { service, slot, pid: running.pid, stop: () => this.#stop(member, running) };
    this.#members.add(member);
    void running.exited.then(() => this.#members.delete(member));
    const entry = services.find((known) => known.name === service)!;
    const instance = { service: entry, name, ...place };
    await waitUntilReady(instance, running, '127.0.0.1', logFile);
    this.#pointFront();
    return member;
  }

  async stop(): Promise<void> {
    this.#front.close();
    const edges = this.members.filter(({ service }) => service === 'gateway');
    await Promise.all(edges.map((member) => member.stop()));
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** Throws what the audit finds broken. */
  async requireSound(graceMs: number): Promise<string> {
    const { databaseUrls, natsUrl: nats } = this.#options;
    const urlOf = (name: string) => databaseUrls.get(name)!.migration;
    const report = await audit({
      orders: urlOf('orders'),
      payments: urlOf('payments'),
      notifications: urlOf('notifications'),
      nats,
      graceMs,
    });
    if (brokenChecks(report).length > 0) throw new Error(reportText(report));
    return reportText(report).split('\n').at(-1) ?? '';
  }

  /** A balancer stops sending to an instance before that is told to end. */
  async #stop(member: Member, running: { stop(): Promise<unknown> }): Promise<void> {
    this.#members.delete(member);
    this.#pointFront();
    await running.stop();
  }

  #pointFront(): void {
    const gateways = this.members.filter(({ service }) => service === 'gateway');
    this.#front.point(gateways.map(({ slot }) => this.#slotsOf('gateway')[slot]!.port));
  }

  #slotsOf(service: string): readonly Slot[] {
    const slots = this.#slots.get(service);
    if (slots === undefined) throw new Error(`the fleet has no ${service}`);
    return slots;
  }

  #environment(service: string, place: Slot): NodeJS.ProcessEnv {
    const prefix = `PURSER_${service.toUpperCase()}`;
    const { databaseUrls, natsUrl, streamReplicas } = this.#options;
    const url = databaseUrls.get(service)?.service;
    const list = (name: string, port: 'port' | 'livePort') =>
      this.#slotsOf(name)
        .map((slot) => `127.0.0.1:${slot[port]}`)
        .join(',');
    return {
      PATH: process.env['PATH'],
      PURSER_HOST: '127.0.0.1',
      PURSER_NATS_URL: natsUrl,
      PURSER_USER_RATE_LIMIT: 'off',
      PURSER_STREAM_REPLICAS: String(streamReplicas),
      PURSER_ORDERS_TARGET: list('orders', 'port'),
      PURSER_PAYMENTS_TARGET: list('payments', 'port'),
      PURSER_NOTIFICATIONS_TARGET: list('notifications', 'port'),
      PURSER_NOTIFICATIONS_LIVE_TARGET: list('notifications', 'livePort'),
      ...(url !== undefined && { [`${prefix}_DATABASE_URL`]: url }),
      [`${prefix}_PORT`]: String(place.port),
      [`${prefix}_INTERNAL_PORT`]: String(place.internalPort),
      [`${prefix}_LIVE_PORT`]: String(place.livePort),
    };
  }
}
