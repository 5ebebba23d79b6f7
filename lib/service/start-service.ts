import { systemTiming } from '#lib/batch/timing.ts';
import { type Callers, callersDefault } from '#lib/grpc/callers.ts';
import { type Implementations, startGrpcServer } from '#lib/grpc/server.ts';
import { closeUpstreams, connectUpstreams } from '#lib/grpc/upstreams.ts';
import { countWaitingLetters } from '#lib/dead-letters/count-waiting.ts';
import { insertDeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';
import { startInternalServer } from '#lib/internal-http/server.ts';
import type { Logger } from '#lib/log/logger.ts';
import { Broker } from '#lib/nats/broker.ts';
import { Consumer } from '#lib/nats/consumer.ts';
import { createPublisher } from '#lib/nats/publisher.ts';
import { pullSource } from '#lib/nats/pull-source.ts';
import { type StreamLimits, streamOf } from '#lib/nats/topology.ts';
import { wakeHints } from '#lib/nats/wake-hints.ts';
import { getInstance } from '#lib/operations/get-instance.ts';
import { OutboxRoom } from '#lib/outbox/outbox-room.ts';
import { Relay } from '#lib/outbox/relay.ts';
import { relayStore } from '#lib/outbox/relay-store.ts';
import { selectBacklog } from '#lib/outbox/select-backlog.ts';
import { Database } from '#lib/pg/database.ts';
import { isTransient } from '#lib/pg/failure.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { type Clock, systemClock } from '#lib/time/clock.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { type Job, PeriodicJob } from './periodic-job.ts';
import { makeStreamRoom } from './stream-room.ts';
import type { Consumption, OnStop, ServiceDefinition, ServiceDeps } from './service-definition.ts';

/** A way into a service beside gRPC, such as a port for WebSockets. */
export type Door<Deps extends ServiceDeps> = (
  deps: Deps,
  at: { host: string; readiness: Readiness; tls: TlsFolder | undefined },
) => Promise<{ stop(): Promise<void> }>;

export interface ServiceSettings<Deps extends ServiceDeps = ServiceDeps> {
  host: string;
  /** Ports of gRPC and of health and metrics; 0 lets the system choose. */
  port: number;
  internalPort: number;
  databaseUrl: string;
  natsUrl: string;
  streams?: StreamLimits;
  reflection: boolean;
  /** The certificate of this process; without it, connections of gRPC are plain. */
  tls?: TlsFolder | undefined;
  /** Addresses of the services that it calls, by domain. */
  targets?: Readonly<Record<string, string>>;
  clock?: Clock;
  /** Days that published events stay in the outbox, 30 by default. */
  messageDays?: number;
  /** Rows that may wait in the outbox until calls that write are refused; 1,000,000 by default. */
  outboxRowsMax?: number;
  /** Opened after gRPC, and closed at the same time. */
  doors?: readonly Door<Deps>[];
}

export interface Running {
  port: number;
  internalPort: number;
}

/**
 * Starts one instance of a service. Everything is opened in the order of need and told to `onStop`,
 * so that closing in reverse first stops the doors (gRPC, consumers), then the relay, then the
 * connections. A database or a broker that is down delays nothing: the instance is not ready until
 * they answer.
 */
export async function startService<Deps extends ServiceDeps>(
  definition: ServiceDefinition<Deps>,
  settings: ServiceSettings<Deps>,
  { log, onStop }: { log: Logger; onStop: OnStop },
): Promise<Running> {
  const { name } = definition;
  const { database, background } = await openDatabases(definition, settings, onStop);
  const broker = new Broker({
    url: settings.natsUrl,
    tls: settings.tls,
    name: `purser-${name}`,
    log,
    onLost: endProcess,
  });
  onStop('broker', () => broker.close());
  const readiness = new Readiness({
    checks: { database: () => database.ping(), broker: () => requireConnection(broker) },
    log,
  });
  const internal = await startInternalServer({
    host: settings.host,
    port: settings.internalPort,
    readiness,
  });
  onStop('internal server', () => internal.stop());
  const connections = { database: background, broker, log, streams: settings.streams };
  const relay = definition.publishes ? startRelay(name, connections) : undefined;
  onStop('relay', () => relay?.stop());
  const upstreams = connectUpstreams(targetsOf(definition, settings), log, settings.tls);
  onStop('connections to other services', () => closeUpstreams(upstreams));
  const basic: ServiceDeps = {
    database,
    clock: settings.clock ?? systemClock,
    timing: systemTiming,
    broker,
    committed: () => relay?.wake(),
    log,
    messageDays: settings.messageDays ?? 30,
    upstreams,
  };
  const deps = definition.open?.(basic, onStop) ?? (basic as Deps);
  const backgroundDeps = { ...deps, database: background };
  const room = definition.publishes ? outboxRoom(name, settings, connections) : undefined;
  const roomJobs = room ? [room.job(), streamRoom(name, connections)] : [];
  startJobs([...definition.jobs(backgroundDeps), ...roomJobs], { deps: backgroundDeps, onStop });
  const consumers = definition
    .consumes(backgroundDeps)
    .map((consumption) => startConsumer(consumption, connections));
  const server = await startGrpcServer({
    host: settings.host,
    port: settings.port,
    implementations: {
      ...definition.rpcs(deps),
      ...instanceRpcs(definition, { database: background, readiness, relay }),
    },
    reflection: settings.reflection,
    tls: settings.tls && { folder: settings.tls, callers: callersOf(definition) },
    isTransient,
    refusesWrites: () => room?.full ?? false,
    readiness,
    log,
  });
  const doors: { stop(): Promise<void> }[] = [server, ...consumers];
  // All doors close at once: one after the other they could take longer than a stop may.
  onStop('doors and consumers', () => Promise.all(doors.map((door) => door.stop())));
  for (const open of settings.doors ?? []) {
    doors.push(await open(deps, { host: settings.host, readiness, tls: settings.tls }));
  }
  return { port: server.port, internalPort: internal.port };
}

/** `background` has connections of its own, to go on when callers use up all the others. */
async function openDatabases(
  { name, entities }: Pick<ServiceDefinition, 'name' | 'entities'>,
  { databaseUrl: url, tls }: Pick<ServiceSettings, 'databaseUrl' | 'tls'>,
  onStop: OnStop,
): Promise<{ database: Database; background: Database }> {
  const applicationName = `purser-${name}`;
  const database = await Database.open({ url, tls, applicationName, entities });
  onStop('database', () => database.close());
  const background = await Database.open({
    url,
    tls,
    applicationName: `${applicationName}-background`,
    poolSizeMax: 4,
    entities: [],
  });
  onStop('background database', () => background.close());
  return { database, background };
}

/** What Operations asks for. */
/** Whom it allows itself, and Operations, which asks every instance how it is. */
function callersOf({ callers = callersDefault }: Pick<ServiceDefinition, 'callers'>): Callers {
  return { ...callers, operations: ['/purser.operations.v1.InstanceService/GetInstance'] };
}

function instanceRpcs(
  { name, publishes, counters }: Pick<ServiceDefinition, 'name' | 'publishes' | 'counters'>,
  at: { database: Database; readiness: Readiness; relay: Relay | undefined },
): Implementations {
  return {
    '/purser.operations.v1.InstanceService/GetInstance': getInstance({
      service: name,
      readiness: at.readiness,
      backlog: () => at.database.single((tx) => selectBacklog(tx, publishes)),
      isRelayLeader: () => at.relay?.holding ?? false,
      counters,
    }),
  };
}

function targetsOf(
  { name, calls = [] }: { name: string; calls?: readonly string[] },
  { targets = {} }: { targets?: Readonly<Record<string, string>> },
): Record<string, string> {
  const known = calls.map((domain) => {
    const target = targets[domain];
    if (target === undefined) throw new Error(`${name} needs the addresses of ${domain}`);
    return [domain, target];
  });
  return Object.fromEntries(known);
}

interface Connections {
  database: Database;
  broker: Broker;
  log: Logger;
  streams: StreamLimits | undefined;
}

function startRelay(name: string, { database, broker, log, streams }: Connections): Relay {
  const stream = streamOf(name, streams);
  const relay = new Relay({
    service: name,
    store: relayStore(database),
    broker: createPublisher({ broker, stream, source: `purser/${name}`, log }),
    hints: wakeHints({ broker, service: name }),
    log,
  });
  relay.start();
  return relay;
}

function outboxRoom(
  service: string,
  { outboxRowsMax: rowsMax = 1_000_000 }: { outboxRowsMax?: number },
  { database, log }: Connections,
): OutboxRoom {
  return new OutboxRoom({ service, database, log, rowsMax });
}

function streamRoom(name: string, { broker, log, streams }: Connections): Job {
  return makeStreamRoom(broker, streamOf(name, streams), log);
}

/** The jobs of the service, and those that every service has. */
function startJobs(
  ofService: readonly Job[],
  { deps, onStop }: { deps: ServiceDeps; onStop: OnStop },
): void {
  const jobs = [countWaitingLetters(deps), ...ofService];
  const running = jobs.map((job) => new PeriodicJob(job, { log: deps.log }));
  for (const job of running) job.start();
  onStop('jobs', () => Promise.all(running.map((job) => job.stop())));
}

function startConsumer(
  consumption: Consumption,
  { database, broker, log, streams }: Connections,
): Consumer {
  const { durable, domain, filterSubject, handle } = consumption;
  const stream = streamOf(domain, streams);
  const consumer = new Consumer({
    name: durable,
    source: pullSource({ broker, stream, durable, filterSubject }),
    handle,
    deadLetter: (letter, error) => database.single((tx) => insertDeadLetter(tx, letter, error)),
    log,
  });
  consumer.start();
  return consumer;
}

/**
 * Nothing brings a connection back that closed for good: better a new process than one that works
 * no more.
 */
function endProcess(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}

function requireConnection(broker: Broker): void {
  if (!broker.isConnected()) throw new Error('not connected to the broker');
}
