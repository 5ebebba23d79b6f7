import type { Look } from '../cost/measure.ts';

/** What `npm run bench:cost -- --json FILE` writes. */
export interface Measured {
  conditions: Record<string, string | number>;
  perOrder: Look;
}

/**
 * What the arithmetic takes for granted and `bench:cost` does not measure. Replace each by what
 * your own machines show.
 */
export interface Assumptions {
  /** Of a core; a Node process has one. The rest is for peaks, and for the loss of an instance. */
  utilisation: number;
  /** Cores of the one machine of the beginning. */
  machineCores: number;
  /** Cores of a server of PostgreSQL or NATS. */
  serverCores: number;
  /** Write-ahead log that one primary writes and its standbys take, in bytes a second. */
  walBytesPerSecond: number;
  /** Events a second of one outbox: one relay publishes them in order. */
  relayEventsPerSecond: number;
  /** Messages a second of one stream: one leader takes them, and flushes each to three disks. */
  streamMessagesPerSecond: number;
  /** Days that outboxes keep what they have published; inboxes and keys a little longer. */
  messageDays: number;
}

export const assumed: Assumptions = {
  utilisation: 0.5,
  machineCores: 8,
  serverCores: 16,
  walBytesPerSecond: 100e6,
  relayEventsPerSecond: 5_000,
  streamMessagesPerSecond: 10_000,
  messageDays: 30,
};

/** Node processes, and the databases and streams behind them. */
const processes = ['gateway', 'orders', 'payments', 'notifications'] as const;
const databases = ['orders', 'payments', 'notifications'] as const;
const streams = ['ORDERS', 'PAYMENTS'] as const;

/** Rows that go after a while, by table; everything else stays. */
const passing = /\.(outbox|inbox|requests|changes|notifications|tickets)$/;

export type ProcessName = (typeof processes)[number];
export type DatabaseName = (typeof databases)[number];

export interface Limit {
  /** Orders a second at which it is reached. */
  rate: number;
  what: string;
}

export interface Plan {
  rate: number;
  instances: Record<ProcessName, number>;
  /** Primaries of each service, each with two standbys. */
  shards: Record<DatabaseName, number>;
  /** Parts of each stream, each on three servers. */
  partitions: number;
  natsServers: number;
  /** Cores that are busy, before any reserve. */
  busyCores: number;
  /** Cores of the whole, with reserve and standbys. */
  cores: number;
  /** Tables that stay, in bytes a day. */
  keptBytesPerDay: number;
  /** Tables that are emptied, in bytes once they are full. */
  passingBytes: number;
  brokerBytesPerSecond: number;
}

export class CapacityModel {
  readonly #cost: Look;
  readonly #assumed: Assumptions;

  constructor({ perOrder }: Measured, assumptions: Assumptions = assumed) {
    this.#cost = perOrder;
    this.#assumed = assumptions;
  }

  /** All CPU time of one order, in milliseconds. */
  get cpuMs(): number {
    return sum(Object.values(this.#cost.cpuMs));
  }

  /**
   * CPU time of one order in the database of a service, in milliseconds: its sessions, and its part
   * of what the server does for all.
   */
  databaseCpuMs(name: DatabaseName): number {
    const own = (each: DatabaseName) => this.#cost.cpuMs[`postgres: ${each}`] ?? 0;
    const all = sum(databases.map(own));
    const shared = this.#cost.cpuMs['postgres: server'] ?? 0;
    return own(name) + (all === 0 ? 0 : (shared * own(name)) / all);
  }

  /** The write-ahead log of one order in the database of a service, by the part of its tables. */
  databaseWalBytes(name: DatabaseName): number {
    const of = (each: DatabaseName) => sum(this.#tables(each).map(([, bytes]) => bytes));
    const all = sum(databases.map(of));
    return all === 0 ? 0 : (this.#cost.walBytes * of(name)) / all;
  }

  /** Everything on one machine. */
  machineLimit(): Limit {
    const { machineCores, utilisation } = this.#assumed;
    const rate = (machineCores * utilisation * 1_000) / this.cpuMs;
    return { rate, what: `CPU of ${machineCores} cores` };
  }

  /** One primary for each service and whole streams, however many instances: smallest first. */
  unshardedLimits(): Limit[] {
    const { serverCores, utilisation, walBytesPerSecond } = this.#assumed;
    const limits = databases.flatMap((name) => [
      {
        rate: (serverCores * utilisation * 1_000) / this.databaseCpuMs(name),
        what: `CPU of the database of ${name}`,
      },
      {
        rate: walBytesPerSecond / this.databaseWalBytes(name),
        what: `write-ahead log of ${name}`,
      },
    ]);
    for (const stream of streams) {
      const messages = this.#cost.messages[stream] ?? 0;
      const { relayEventsPerSecond, streamMessagesPerSecond } = this.#assumed;
      limits.push(
        { rate: relayEventsPerSecond / messages, what: `relay of ${stream}` },
        { rate: streamMessagesPerSecond / messages, what: `stream ${stream}` },
      );
    }
    return limits.toSorted((a, b) => a.rate - b.rate);
  }

  /** What `rate` orders a second need. Never fewer than two instances, and three brokers. */
  plan(rate: number): Plan {
    const { utilisation, serverCores, messageDays } = this.#assumed;
    const busy = (ms: number) => (rate * ms) / 1_000;
    const instancesOf = (name: ProcessName) =>
      Math.max(2, Math.ceil(busy(this.#cost.cpuMs[name] ?? 0) / utilisation));
    const instances = mapOf(processes, instancesOf);
    const shards = mapOf(databases, (name) => this.#shardsOf(name, rate));
    const partitions = Math.max(
      ...streams.map((stream) =>
        Math.ceil(
          (rate * (this.#cost.messages[stream] ?? 0)) / this.#assumed.streamMessagesPerSecond,
        ),
      ),
      1,
    );
    // Each of three servers stores what one does here: leaders and followers write the same.
    const natsBusy = busy(this.#cost.cpuMs['nats-server'] ?? 0) * 3;
    const natsServers = Math.max(3, Math.ceil(natsBusy / (serverCores * utilisation)));
    const databaseBusy = sum(databases.map((name) => busy(this.databaseCpuMs(name))));
    const bytes = (keep: boolean) =>
      sum(
        Object.entries(this.#cost.tableBytes)
          .filter(([table]) => passing.test(table) !== keep)
          .map(([, each]) => each * rate * 86_400),
      );
    return {
      rate,
      instances,
      shards,
      partitions,
      natsServers,
      busyCores: busy(this.cpuMs),
      cores: Math.ceil(
        sum(Object.values(instances)) + (databaseBusy / utilisation) * 3 + natsBusy / utilisation,
      ),
      keptBytesPerDay: bytes(true),
      passingBytes: bytes(false) * messageDays,
      brokerBytesPerSecond: rate * sum(Object.values(this.#cost.messageBytes)),
    };
  }

  #shardsOf(name: DatabaseName, rate: number): number {
    const own = this.unshardedLimits().filter(
      ({ what }) => what.endsWith(` of ${name}`) || what.endsWith(` of ${name.toUpperCase()}`),
    );
    return Math.max(...own.map((limit) => Math.ceil(rate / limit.rate)));
  }

  #tables(name: DatabaseName): [string, number][] {
    return Object.entries(this.#cost.tableBytes).filter(([table]) => table.startsWith(`${name}.`));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mapOf<Name extends string>(
  names: readonly Name[],
  value: (name: Name) => number,
): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, number>;
}
