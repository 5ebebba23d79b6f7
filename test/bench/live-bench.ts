import { type ChildProcess, fork } from 'node:child_process';
import { randomUUIDv7 } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import { messageHeaders } from '#lib/nats/publisher.ts';
import { ensureStream, streamOf } from '#lib/nats/topology.ts';
import { migrate } from '#lib/pg/migrate.ts';
import { Program } from '#test/harness/program.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { migrations } from '../../services/notifications/schema/migrations.ts';
import { orderStateChanged } from '../../services/orders/published.ts';
import { findNatsServer } from '../../tools/local/find-nats-server.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { startNatsServer } from '../../tools/local/nats-server.ts';
import { startPostgres } from '../../tools/local/postgres.ts';
import type { Asked, Told } from './live-clients.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

export interface Measured {
  what: string;
  value: number;
  unit: string;
  target?: number;
}

/** Users of the sockets; the n-th is `bench-n`. */
const userOf = (index: number) => `bench-${index}`;

/** One whose sockets never read. */
const deafUser = 'bench-deaf';

export class LiveBench {
  readonly #say: (sentence: string) => void;
  readonly #closers: (() => unknown)[] = [];
  #instance!: Program;
  #livePort = 0;
  #internalPort = 0;
  #broker!: NatsConnection;
  #clients!: ChildProcess;
  #users = 0;

  private constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  static async open(say: (sentence: string) => void): Promise<LiveBench> {
    const bench = new LiveBench(say);
    try {
      await bench.#open();
      return bench;
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }

  /** Opens so many sockets, one for each user. */
  async openSockets(count: number): Promise<Measured[]> {
    const before = this.#memoryBytes();
    this.#say(`Opening ${count} sockets of as many users …`);
    const startMs = performance.now();
    this.#users = count;
    await this.#ask({ kind: 'open', port: this.#livePort, from: 0, to: count });
    const tookMs = performance.now() - startMs;
    // The garbage of the handshakes goes by itself.
    let bytes = this.#memoryBytes();
    for (let look = 0; look < 10; look += 1) {
      await sleep(1_000);
      bytes = Math.min(bytes, this.#memoryBytes());
    }
    const each = (bytes - before) / count / 1_000;
    return [
      { what: 'sockets open on one instance', value: count, unit: 'sockets', target: 10_000 },
      { what: 'handshakes', value: Math.round((count / tookMs) * 1_000), unit: '/s' },
      { what: 'memory of an idle socket', value: round(each), unit: 'kB', target: 20 },
    ];
  }

  /** Tells changes at a steady rate, each to a user by turns. */
  async latency(load: { changes: number; perSecond: number }): Promise<Measured[]> {
    this.#say(`Telling ${load.perSecond} changes a second to the ${this.#users} …`);
    const { p50, p99 } = await this.#tell(load);
    const name = `published to received, ${load.perSecond}/s,`;
    return [
      { what: `${name} p50`, value: p50, unit: 'ms', target: 15 },
      { what: `${name} p99`, value: p99, unit: 'ms', target: 50 },
    ];
  }

  /** Tells changes as fast as they can be published, each to one socket. */
  async fanOut(changes: number): Promise<Measured[]> {
    this.#say(`Telling ${changes} changes as fast as it goes …`);
    const before = { own: cpuMs(this.#instance.child.pid!), all: ownCpuMs() };
    const { tookMs } = await this.#tell({ changes, perSecond: Infinity });
    const own = cpuMs(this.#instance.child.pid!) - before.own;
    const all = ownCpuMs() - before.all;
    const value = Math.round((changes / tookMs) * 1_000);
    const each = (ms: number) => round((ms / changes) * 1_000);
    return [
      { what: 'fan-out, the log written too', value, unit: '/s', target: 10_000 },
      { what: 'processor time of a message, the instance', value: each(own), unit: 'µs' },
      { what: 'processor time of a message, all of it', value: each(all), unit: 'µs' },
      { what: 'processors that the fan-out got', value: round(all / tookMs), unit: '' },
    ];
  }

  /** Five sockets of one user never read, while that user and all others are told things. */
  async deafClient(load: { changes: number; perSecond: number }): Promise<Measured[]> {
    this.#say('Five sockets never read, and everybody else is told as usual …');
    const before = this.#memoryBytes();
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, this.#memoryBytes())), 100);
    await this.#ask({ kind: 'deaf', port: this.#livePort, user: deafUser, count: 5 });
    const { p99 } = await this.#tell({ ...load, deafEach: 4 });
    await sleep(11_000);
    clearInterval(timer);
    const streams = await this.#streams();
    return [
      { what: 'p99 of the others', value: p99, unit: 'ms', target: 500 },
      { what: 'memory more at its highest', value: round((most - before) / 1e6), unit: 'MB' },
      { what: 'deaf sockets left', value: streams - this.#users, unit: 'sockets', target: 0 },
    ];
  }

  async #open(): Promise<void> {
    this.#say('Starting PostgreSQL, the broker and one instance of Notifications …');
    const folder = temporaryFolder();
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      port: await freePort(),
      orphanFolder: folder,
    });
    this.#closers.push(() => postgres.stop());
    const databaseUrl = postgres.url('postgres');
    await migrate(databaseUrl, migrations);
    const nats = await startNatsServer({
      binary: await findNatsServer(join(projectFolder, '.purser/cache'), { progress: this.#say }),
      storeDir: join(folder, 'nats'),
      port: await freePort(),
      fileStoreMax: '2GB',
      orphanFolder: folder,
    });
    this.#closers.push(() => nats.stop());
    this.#broker = await connect({ servers: nats.url });
    this.#closers.push(() => this.#broker.close());
    for (const domain of ['orders', 'payments']) {
      await ensureStream(this.#broker, streamOf(domain));
    }
    await this.#startInstance({ databaseUrl, natsUrl: nats.url });
    this.#clients = fork(join(import.meta.dirname, 'live-clients.ts'));
    this.#closers.push(() => this.#clients.kill());
  }

  async #startInstance(urls: { databaseUrl: string; natsUrl: string }): Promise<void> {
    this.#livePort = await freePort();
    this.#internalPort = await freePort();
    const profile = process.env['PURSER_BENCH_PROFILE'];
    const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
    const main = join(projectFolder, 'services/notifications/main.ts');
    const env = {
      ...process.env,
      PURSER_NOTIFICATIONS_PORT: String(await freePort()),
      PURSER_NOTIFICATIONS_INTERNAL_PORT: String(this.#internalPort),
      PURSER_NOTIFICATIONS_LIVE_PORT: String(this.#livePort),
      PURSER_NOTIFICATIONS_DATABASE_URL: urls.databaseUrl,
      PURSER_NATS_URL: urls.natsUrl,
      PURSER_LOG_LEVEL: 'warn',
    };
    this.#instance = new Program(process.execPath, [...flags, main], { env });
    this.#closers.push(async () => {
      this.#instance.child.kill('SIGTERM');
      await this.#instance.exited;
    });
    const url = `http://127.0.0.1:${this.#internalPort}/readyz`;
    for (let tries = 0; ; tries += 1) {
      const ready = await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      if (tries > 300) throw new Error(`Notifications is not ready:\n${this.#instance.output}`);
      await sleep(100);
    }
  }

  /** Publishes changes as Orders' relay would, and waits until the clients have them all. */
  async #tell(load: Load): Promise<Received> {
    const received = this.#ask({ kind: 'expect', count: load.changes });
    const startMs = performance.now();
    const steps = 1_000 / publishEveryMs;
    for (let sent = 0; sent < load.changes;) {
      const part = Math.min(load.changes - sent, Math.ceil(load.perSecond / steps), 200);
      for (let index = 0; index < part; index += 1)
        this.#publish(userOf((sent + index) % this.#users));
      for (let index = 0; index < part * (load.deafEach ?? 0); index += 1) this.#publish(deafUser);
      sent += part;
      await this.#broker.flush();
      const dueMs = startMs + (sent / load.perSecond) * 1_000;
      await sleep(Math.max(0, dueMs - performance.now()));
    }
    const told = await received;
    const tookMs = performance.now() - startMs;
    const sorted = told.latenciesMs!.toSorted((one, other) => one - other);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { tookMs, p50: at(0.5), p99: at(0.99) };
  }

  #publish(userId: string): void {
    const eventId = randomUUIDv7();
    const order = `orders/${randomUUIDv7()}`;
    const event = orderStateChanged.toOutbox({
      eventId,
      userId,
      about: order,
      message: {
        order,
        userId,
        previousState: 0,
        state: Order_State.PENDING,
        failureReason: 0,
        amount: { currencyCode: 'USD', amountMinor: 100n },
        version: 1n,
        changeTime: new Date(),
      },
    });
    const row = { ...event, publication: 1, createTime: new Date() };
    const headers = messageHeaders(row, 'purser/orders');
    this.#broker.publish(event.subject, event.payload, { headers });
  }

  #ask(asked: Asked): Promise<Told> {
    return new Promise((settle, fail) => {
      const done = (told: Told) => {
        this.#clients.off('exit', gone);
        if (told.error === undefined) settle(told);
        else fail(new Error(told.error));
      };
      const gone = () => fail(new Error('the clients have ended'));
      this.#clients.once('message', done);
      this.#clients.once('exit', gone);
      this.#clients.send(asked);
    });
  }

  #memoryBytes(): number {
    const status = readFileSync(`/proc/${this.#instance.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  }

  async #streams(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#internalPort}/metrics`)).text();
    return Number(/^purser_live_streams (\d+)$/m.exec(text)?.[1]);
  }
}

/** Processor time that a process has used; the kernel counts it in hundredths of a second. */
function cpuMs(pid: number | string): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The same of this process and all that descend from it: clients, broker, database, instance. */
function ownCpuMs(): number {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [pid, statOf(pid)[1]]),
  );
  const isOwn = (pid: string | undefined): boolean =>
    pid !== undefined && (pid === String(process.pid) || isOwn(parents.get(pid)));
  return [...parents.keys()].filter(isOwn).reduce((sum, pid) => sum + cpuMs(pid), 0);
}

/** The fields of /proc/{pid}/stat from the third on; zeros for a process that has ended. */
function statOf(pid: number | string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return Array.from({ length: 13 }, () => '0');
  }
}

interface Load {
  changes: number;
  perSecond: number;
  /** Changes of the user who never reads, for each of the others'. */
  deafEach?: number;
}

interface Received {
  tookMs: number;
  p50: number;
  p99: number;
}

const publishEveryMs = 20;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
