import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Server as NetServer } from 'node:net';
import { methods as allMethods, type Methods } from '#gen/methods.ts';
import { streams as allStreams, type Streams } from '#gen/streams.ts';
import type { Method, Stream } from '#lib/contract/types.ts';
import type { Logger } from '#lib/log/logger.ts';
import { Bag } from '#lib/memory/bag.ts';
import type { Readiness } from '#lib/process/readiness.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { admission, admissionLimits, type AdmissionLimits } from './admission.ts';
import { undecoded } from './admit-call.ts';
import type { CallLimits } from './call-limits.ts';
import type { Callers } from './callers.ts';
import { letGoOfFinishedCalls } from './finished-calls.ts';
import { addHealth } from './health.ts';
import { logLibraryTo } from './library-log.ts';
import { addReflection } from './reflection.ts';
import { beginCounting } from './server-metrics.ts';
import { shutdown } from './shutdown.ts';
import { streamCall, type StreamHandler } from './stream-call.ts';
import { TlsServerCredentials } from './tls-server-credentials.ts';
import { unaryCall, type Handler } from './unary-call.ts';

type Named<Table> = keyof { [P in keyof Table as string extends P ? never : P]: true };

/** Handlers by the path of their method or stream. */
export type Implementations = {
  readonly [P in Named<Methods>]?: Methods[P] extends Method<infer Req, infer Res>
    ? Handler<Req, Res>
    : never;
} & {
  readonly [P in Named<Streams>]?: Streams[P] extends Stream<infer Req, infer Res>
    ? StreamHandler<Req, Res>
    : never;
};

type AnyHandler = Handler | StreamHandler;

export interface GrpcServerOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** A handler for every method and stream of every service that it names, by their paths. */
  implementations: Implementations;
  log: Logger;
  readiness: Readiness;
  /** Whether the server describes itself to tools. */
  reflection: boolean;
  /** Takes only calls over mutual TLS, and only those that `callers` allows. */
  tls?: { folder: TlsFolder; callers: Callers } | undefined;
  /** What lets operators in, for services that are for them; undefined lets in nobody. */
  operatorKey?: string | undefined;
  /** Whether an error that a handler throws means that a dependency does not answer right now. */
  isTransient?: (error: unknown) => boolean;
  /** Whether calls that may write are to be refused for now with OVERLOADED; default: never. */
  refusesWrites?: () => boolean;
  /** Each with a default that suits production. */
  limits?: Partial<AdmissionLimits & { connections: number }>;
}

export interface GrpcServer {
  /** The port in use. */
  port: number;
  /**
   * Takes no more calls, lets those in flight finish for up to 5 s, then cuts them off. Streams end
   * at once with DEPENDENCY_UNAVAILABLE, so that their callers go on elsewhere.
   */
  stop(): Promise<void>;
}

const serverSettings = {
  // A gateway sends all its calls over one connection, and a batch in the services takes up to 500.
  'grpc.max_concurrent_streams': 500,
  // The largest request of the contracts is far below; the gateway takes 128 KiB of JSON.
  'grpc.max_receive_message_length': 256 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // So that callers spread over instances that were added later.
  'grpc.max_connection_age_ms': 300_000,
  'grpc.max_connection_age_grace_ms': 30_000,
  'grpc.enable_channelz': 0,
};

/** Connections to the port; more are closed at once. Gateways and services hold one or two each. */
const connectionsDefault = 10_000;

/**
 * Starts a gRPC server. Throws when a served service lacks a handler for one of its methods, when a
 * path is not in the contracts, or when the port is taken.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { log, readiness, operatorKey } = options;
  const { isTransient = () => false, refusesWrites = () => false } = options;
  const implementations = options.implementations as Readonly<Record<string, AnyHandler>>;
  const services = callsByService(implementations);
  logLibraryTo(log);
  letGoOfFinishedCalls();
  const inFlight = new Bag<CallLimits>();
  const openStreams = new Bag<CallLimits>();
  const { connections = connectionsDefault, ...limits } = options.limits ?? {};
  const interceptors = [admission({ ...admissionLimits, ...limits })];
  const server = new Server({ ...serverSettings, interceptors });
  for (const calls of services.values()) {
    const definition = calls.map((call) => [call.name, undecoded(call)]);
    const handlers = calls.map((call): [string, UntypedServiceImplementation[string]] => {
      beginCounting(call.path);
      const handler = implementations[call.path];
      const callers = options.tls?.callers;
      const common = { log, isTransient, refusesWrites, operatorKey, callers };
      const answer = isStream(call)
        ? streamCall(call, handler as StreamHandler, { ...common, inFlight: openStreams })
        : unaryCall(call, handler as Handler, { ...common, inFlight });
      return [call.name, answer];
    });
    server.addService(Object.fromEntries(definition), Object.fromEntries(handlers));
  }
  const names = [...services.keys()];
  // What is for our own processes alone is nothing to try out.
  const shown = names.filter((name) => services.get(name)?.[0]?.access !== 'internal');
  if (options.reflection) await addReflection(server, shown);
  const health = addHealth(server, names, readiness);
  const credentials = options.tls && new TlsServerCredentials(options.tls.folder, log);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const port = await bind(server, `${host}:${options.port}`, credentials).catch(
    (error: unknown) => {
      health.stop();
      credentials?.stop();
      throw error;
    },
  );
  limitConnections(server, connections);
  const isSecure = credentials !== undefined;
  log.info({ host: options.host, port, services: names, tls: isSecure }, 'gRPC server listens');
  return {
    port,
    stop: async () => {
      readiness.stop();
      health.stop();
      credentials?.stop();
      for (const stream of openStreams) stream.interrupt();
      await shutdown(server, { address: `${host}:${port}`, inFlight, log });
    },
  };
}

function isStream(call: Method | Stream): call is Stream {
  return allStreams[call.path] === call;
}

function callsByService(
  implementations: Readonly<Record<string, AnyHandler>>,
): Map<string, (Method | Stream)[]> {
  const served = new Set<string>();
  for (const path of Object.keys(implementations)) {
    const call = allMethods[path] ?? allStreams[path];
    if (call === undefined) throw new Error(`No contract has the method ${path}.`);
    served.add(call.service);
  }
  const services = new Map<string, (Method | Stream)[]>();
  const calls = [...Object.values<Method>(allMethods), ...Object.values<Stream>(allStreams)];
  for (const call of calls) {
    if (!served.has(call.service)) continue;
    if (implementations[call.path] === undefined)
      throw new Error(`Nothing implements ${call.path}.`);
    services.set(call.service, [...(services.get(call.service) ?? []), call]);
  }
  return services;
}

/** grpc-js has no setting for it; Node's servers underneath, of which it keeps a map, have. */
function limitConnections(server: Server, connections: number): void {
  const { http2Servers } = server as unknown as { http2Servers: Map<NetServer, unknown> };
  for (const listener of http2Servers.keys()) listener.maxConnections = connections;
}

function bind(
  server: Server,
  address: string,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new Error(`Cannot listen on ${address}.`, { cause: error }));
    });
  });
}
