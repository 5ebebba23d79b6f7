import { methods } from '#gen/methods.ts';
import type { GrpcClient } from '#lib/grpc/client.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import { insertDeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';
import type { Logger } from '#lib/log/logger.ts';
import { Consumer } from '#lib/nats/consumer.ts';
import { Relay } from '#lib/outbox/relay.ts';
import { relayStore } from '#lib/outbox/relay-store.ts';
import type { Database } from '#lib/pg/database.ts';
import { PeriodicJob } from '#lib/service/periodic-job.ts';
import type { ServiceDefinition, ServiceDeps } from '#lib/service/service-definition.ts';
import { orders } from '../../services/orders/service.ts';
import { payments } from '../../services/payments/service.ts';
import type { SimulatedBroker } from './broker.ts';
import type { Mutant } from './mutants.ts';
import { isWaiting, OrdersTables, ordersStatements } from './postgres/orders-model.ts';
import { PaymentsTables, paymentsStatements } from './postgres/payments-model.ts';
import { DatabaseClient, DatabaseServer } from './postgres/server.ts';
import { type Entry, Host, type World } from './world.ts';

export type ServiceName = 'orders' | 'payments';

const definitions: Record<ServiceName, ServiceDefinition> = { orders, payments };

/** What Orders does from time to time that matters here. */
const jobNames = new Set(['reconcile-orders']);

const callTimeoutMs = 3_000;

/** One process of a service: the real parts, on simulated ground. */
export interface Instance {
  service: ServiceName;
  host: Host;
  database: DatabaseClient;
  handlers: Record<string, Handler<any, any>>;
  stop(): Promise<void>;
}

/** Both services with their databases and the broker between them. */
export class System {
  readonly world: World;
  readonly broker: SimulatedBroker;
  readonly mutant: Mutant;
  readonly tables = { orders: new OrdersTables(), payments: new PaymentsTables() };
  readonly databases: Record<ServiceName, DatabaseServer>;
  readonly instances: Instance[] = [];
  /** Whether Orders reaches Payments. */
  reachable = true;
  /** What ends the faults one by one; what is left of it is cancelled when all are over. */
  readonly undoing: Entry[] = [];
  readonly #log: Logger;
  #started = 0;

  constructor(world: World, options: { broker: SimulatedBroker; mutant: Mutant; log: Logger }) {
    this.world = world;
    this.broker = options.broker;
    this.mutant = options.mutant;
    this.#log = options.log;
    const models = {
      orders: ordersStatements(this.tables.orders),
      payments: paymentsStatements(this.tables.payments),
    };
    this.mutant.statements?.(models, this.tables);
    this.databases = {
      orders: new DatabaseServer({ name: 'orders', world, models: models.orders }),
      payments: new DatabaseServer({ name: 'payments', world, models: models.payments }),
    };
  }

  alive(service: ServiceName): Instance[] {
    return this.instances.filter(({ host, service: of }) => host.alive && of === service);
  }

  /** Whether all orders are final, everything is published and nothing waits for an answer. */
  get settled(): boolean {
    if (!this.broker.disk.drained) return false;
    for (const { newest } of this.tables.orders.orders.slots.values()) {
      if (newest && isWaiting(newest.row.state)) return false;
    }
    return this.published;
  }

  /** Whether both relays are done with all that was written. */
  get published(): boolean {
    return this.#isPublished('orders') && this.#isPublished('payments');
  }

  #isPublished(service: ServiceName): boolean {
    const { outbox, relay } = this.tables[service];
    const { engine } = this.databases[service];
    const { seen, target } = relay.latest('')!;
    if (target !== null) return false;
    for (const { newest, pending } of outbox.slots.values()) {
      if (pending || (newest && !engine.isVisible(newest.row.tx, seen))) return false;
    }
    return true;
  }

  /** Starts a process, put together as `lib/service/start-service.ts` does it. */
  start(service: ServiceName): Instance {
    const { world, mutant } = this;
    const rate = world.stormy && world.chance(0.2) ? world.between(0.98, 1.02) : 1;
    const host = new Host(world, `${service}-${++this.#started}`, { rate });
    if (world.stormy && world.chance(0.2)) host.skewMs = world.between(-2_000, 2_000);
    const client = new DatabaseClient(this.databases[service], host);
    const changed = mutant.database?.(client, { host, service }) ?? client;
    const database = changed as unknown as Database;
    const relay = this.#relay(service, { host, database });
    const deps: ServiceDeps = {
      database,
      clock: host.clock,
      timing: host.timing,
      broker: undefined as never,
      committed: () => relay.wake(),
      log: this.#log,
      upstreams: this.#upstreams(host),
      messageDays: 7,
    };
    const definition = definitions[service];
    const jobs = definition
      .jobs(deps)
      .filter(({ name }) => jobNames.has(name) && name !== mutant.withoutJob)
      .map((job) => new PeriodicJob(job, { log: this.#log, timing: host.timing }));
    const consumers = this.#consumers(definition, { deps, host, database });
    relay.start();
    for (const part of [...jobs, ...consumers]) part.start();
    const stop = async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await Promise.all(jobs.map((job) => job.stop()));
      await relay.stop();
      host.die();
    };
    const handlers = definition.rpcs(deps) as Instance['handlers'];
    const instance = { service, host, database: client, handlers, stop };
    host.onDeath.push(() => {
      world.note(() => `${host.name} has ended`);
      // After the storm whatever looks after processes starts another one.
      const isNeeded = !world.stormy && this.alive(service).length === 0;
      if (isNeeded) world.after(10, () => void this.start(service));
    });
    this.instances.push(instance);
    world.note(() => `${host.name} starts`);
    return instance;
  }

  #relay(service: ServiceName, { host, database }: { host: Host; database: Database }): Relay {
    const { broker, mutant } = this;
    const store = relayStore(database);
    const relayBroker = broker.relayBroker(host, service);
    return new Relay({
      service,
      store: mutant.store?.(store, host) ?? store,
      broker: mutant.broker?.(relayBroker) ?? relayBroker,
      hints: broker.hints(host, service),
      log: this.#log,
      holder: host.name,
      timing: host.timing,
    });
  }

  #consumers(
    definition: ServiceDefinition,
    { deps, host, database }: { deps: ServiceDeps; host: Host; database: Database },
  ): Consumer[] {
    const { broker, mutant } = this;
    return definition.consumes(deps).map(({ durable, domain, filterSubject, handle }) => {
      const filter = filterSubject.replace(/[*>]$/, '');
      const source = broker.pullSource(host, { domain, durable, filter });
      return new Consumer({
        name: durable,
        source: mutant.source?.(source) ?? source,
        handle,
        deadLetter: (letter, error) => database.single((tx) => insertDeadLetter(tx, letter, error)),
        log: this.#log,
        timing: host.timing,
        ...mutant.consumer,
      });
    });
  }

  /** Another service as a client of it sees it: any of its instances, or nobody. */
  #upstreams(host: Host): Upstreams {
    const unary = (
      { path }: { path: string },
      request: unknown,
      { userId, userRole }: { userId: string; userRole?: string | undefined },
    ) => this.call('payments', { path, request, userId, isStaff: userRole === 'staff', host });
    const client = { unary } as unknown as GrpcClient;
    return new Map([['payments', client]]);
  }

  /** Calls a handler of some instance; `host` is who calls. Rejects when no answer comes. */
  call<Answer = any>(
    service: ServiceName,
    {
      path,
      request,
      userId,
      isStaff = false,
      host,
    }: { path: string; request: unknown; userId: string; isStaff?: boolean; host?: Host },
  ): Promise<Answer> {
    const { world } = this;
    return new Promise((resolve, reject) => {
      const tell = (settle: () => void) => (host ? host.run(settle) : settle());
      const timeout = world.after(callTimeoutMs, () => tell(() => reject(new Error('no answer'))));
      const settle = (happen: () => void) => {
        world.after(world.between(0.1, 0.5), () => {
          if (timeout.run === undefined) return;
          world.cancel(timeout);
          tell(happen);
        });
      };
      const instance = world.pick(this.alive(service));
      if (!instance || (host && !this.reachable)) {
        return settle(() => reject(new Error('nobody there')));
      }
      const context = callContext({ userId, isStaff, log: this.#log });
      const handle = () => {
        instance.handlers[path]!(request, context).then(
          (answer: Answer) => settle(() => resolve(answer)),
          (error: Error) => settle(() => reject(error)),
        );
      };
      world.after(world.between(0.1, 0.5), () => instance.host.run(handle));
    });
  }
}

const never = new AbortController().signal;

/** Never over: the client gives up before. */
const deadline = new Date(Date.UTC(9999, 0));

function callContext({
  userId,
  isStaff,
  log,
}: {
  userId: string;
  isStaff: boolean;
  log: Logger;
}): Parameters<Handler>[1] {
  return {
    userId,
    isStaff,
    requestId: 'simulated',
    deadline,
    signal: never,
    log,
    traceparent: undefined,
  };
}

/** Every RPC that is called here has this name. */
export type Path = keyof typeof methods;
