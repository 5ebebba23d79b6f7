import type { InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import type { DatabaseOptions } from '#lib/pg/database.ts';
import type { Timing } from '#lib/batch/timing.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Callers } from '#lib/grpc/callers.ts';
import type { StreamHandler } from '#lib/grpc/stream-call.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Broker } from '#lib/nats/broker.ts';
import type { Postponed } from '#lib/nats/consumer.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import type { Clock } from '#lib/time/clock.ts';
import type { Job } from './periodic-job.ts';

/** What the use cases of a service need from outside. */
export interface ServiceDeps {
  database: Database;
  clock: Clock;
  timing: Timing;
  /** For messages of core NATS, which are worth nothing later; events go through the outbox. */
  broker: Broker;
  /** Wakes the relay; call it after every commit that wrote to the outbox. */
  committed: () => void;
  log: Logger;
  /** Days that published events stay in the outbox; inboxes remember theirs for longer. */
  messageDays: number;
  /** The services that it calls, by domain; those that its definition names are there. */
  upstreams: Upstreams;
}

/** A stream of events that a service takes part in. */
export interface Consumption {
  /** Name of the durable consumer; all instances share it. Never reuse a name for other events. */
  durable: string;
  /** The domain that publishes, `orders`: its stream. */
  domain: string;
  /** Which of its events, `purser.v1.orders.payment_requested.*`. */
  filterSubject: string;
  /**
   * Commits the effect of a batch, or nothing when it throws. Each delivery may have been handled
   * before. Those that it returns have had no effect and come again.
   */
  handle(batch: readonly Delivery[]): Promise<readonly Postponed[] | void>;
}

/** How a part remembers what to close; the last opened is closed first. */
export type OnStop = (what: string, close: () => Promise<unknown> | unknown) => void;

/**
 * A service: what it answers, what it consumes, what it keeps. `Deps` is what its parts need; more
 * than `ServiceDeps` where it has something of its own that they share, which `open` makes.
 */
export interface ServiceDefinition<Deps extends ServiceDeps = ServiceDeps> {
  /** Domain of its contracts and its stream: `orders`. */
  name: string;
  entities: DatabaseOptions['entities'];
  /** Whether it publishes events: then its database has an outbox, and a relay runs. */
  publishes: boolean;
  /** Adds what only this service has, before any of its parts begins to work. */
  open?(deps: ServiceDeps, onStop: OnStop): Deps;
  /** A handler for every RPC, by the path of the method. */
  rpcs(deps: Deps): Record<string, Handler | StreamHandler>;
  consumes(deps: Deps): Consumption[];
  /** What it counts and tells Operations, beside what every service does. */
  counters?: () => Promise<Partial<InstanceCounters>>;
  /** What it does from time to time. */
  jobs(deps: Deps): Job[];
  /** With mutual TLS, who may call what; default: the gateway everything. */
  callers?: Callers;
  /** Domains whose services it calls. It starts, and is ready, without them. */
  calls?: readonly string[];
}
