import { resolve } from 'node:path';
import { readEnvironment } from '#lib/config/environment.ts';
import { certificatesIn } from './certificates.ts';
import type { ServiceEntry } from './services.ts';

/** One process of a service. */
export interface Instance {
  service: ServiceEntry;
  /** `orders-1` */
  name: string;
  port: number;
  internalPort: number;
  /** For WebSockets; undefined for a service that has none. */
  livePort: number | undefined;
}

/** A port that must be free, and the variable that moves it. */
export interface WantedPort {
  port: number;
  host: string;
  usedBy: string;
  variable: string;
}

export interface Settings {
  host: string;
  /** Where this machine reaches what listens on `host`. */
  reachableHost: string;
  dataFolder: string;
  /** Where the certificates are made; undefined when connections are plain. */
  certificates: string | undefined;
  postgresPort: number;
  natsPort: number;
  /** What operators sign in with, where the environment says it. */
  operatorKey: string | undefined;
  instances: Instance[];
  ports: WantedPort[];
}

/** Instance n listens on the service's port + 100 (n - 1), its other ports likewise. */
const instancePortStep = 100;

/** Reads and checks the environment; throws EnvironmentError with one sentence for each fault. */
export function readSettings(
  services: readonly ServiceEntry[],
  source: NodeJS.ProcessEnv = process.env,
): Settings {
  const environment = readEnvironment('start', { source });
  const host = environment.PURSER_HOST;
  // Those that are looked up by a service's name are numbers all.
  const values = environment as unknown as Record<string, number | undefined>;
  const instances = services.flatMap((service) => instancesOf(service, values));
  const postgresPort = environment.PURSER_POSTGRES_PORT;
  const natsPort = environment.PURSER_NATS_PORT;
  const local = '127.0.0.1';
  const dataFolder = resolve(environment.PURSER_DATA);
  return {
    host,
    reachableHost: isEveryAddress(host) ? local : host,
    dataFolder,
    certificates: environment.PURSER_TLS ? certificatesIn(dataFolder) : undefined,
    postgresPort,
    natsPort,
    operatorKey: environment.PURSER_OPERATOR_KEY,
    instances,
    ports: [
      { port: postgresPort, host: local, usedBy: 'PostgreSQL', variable: 'PURSER_POSTGRES_PORT' },
      { port: natsPort, host: local, usedBy: 'nats-server', variable: 'PURSER_NATS_PORT' },
      ...instances.flatMap((instance) => portsOf(instance, host)),
    ],
  };
}

function instancesOf(
  service: ServiceEntry,
  values: Readonly<Record<string, number | undefined>>,
): Instance[] {
  const prefix = `PURSER_${service.name.toUpperCase()}`;
  const port = values[`${prefix}_PORT`];
  const internalPort = values[`${prefix}_INTERNAL_PORT`];
  const livePort = values[`${prefix}_LIVE_PORT`];
  if (port === undefined || internalPort === undefined) {
    throw new Error(`lib/config/variables.ts does not give ${prefix}_PORT to npm start.`);
  }
  return Array.from({ length: values[`${prefix}_INSTANCES`] ?? 1 }, (_, index) => ({
    service,
    name: `${service.name}-${index + 1}`,
    port: port + instancePortStep * index,
    internalPort: internalPort + instancePortStep * index,
    livePort: livePort === undefined ? undefined : livePort + instancePortStep * index,
  }));
}

function portsOf({ service, name, ...ports }: Instance, host: string): WantedPort[] {
  const prefix = `PURSER_${service.name.toUpperCase()}`;
  const { port, internalPort, livePort } = ports;
  const wanted: WantedPort[] = [
    { port, host, usedBy: name, variable: `${prefix}_PORT` },
    { port: internalPort, host, usedBy: `${name}, internal`, variable: `${prefix}_INTERNAL_PORT` },
  ];
  if (livePort !== undefined) {
    const variable = `${prefix}_LIVE_PORT`;
    wanted.push({ port: livePort, host, usedBy: `${name}, WebSockets`, variable });
  }
  return wanted;
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
