import type { DatabaseOptions } from '#lib/pg/database.ts';
import type { Database } from '#lib/pg/database.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import type { Clock } from '#lib/time/clock.ts';
import type { Job } from './periodic-job.ts';

/** What the use cases of a service need from outside. */
export interface ServiceDeps {
  database: Database;
  clock: Clock;
  /** Wakes the relay; call it after every commit that wrote to the outbox. */
  committed: () => void;
  log: Logger;
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
   * before.
   */
  handle(batch: readonly Delivery[]): Promise<void>;
}

/** A service: what it answers, what it consumes, what it keeps. */
export interface ServiceDefinition {
  /** Domain of its contracts and its stream: `orders`. */
  name: string;
  entities: DatabaseOptions['entities'];
  /** A handler for every RPC, by the path of the method. */
  rpcs(deps: ServiceDeps): Record<string, Handler>;
  consumes(deps: ServiceDeps): Consumption[];
  /** What it does from time to time. */
  jobs(deps: ServiceDeps): Job[];
  /** Domains whose services it calls. It starts, and is ready, without them. */
  calls?: readonly string[];
}
