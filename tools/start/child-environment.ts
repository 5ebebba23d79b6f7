import { join } from 'node:path';
import { type DatabaseUrls, ownerRole } from './databases.ts';
import type { Instance, Settings } from './settings.ts';

export interface Backing {
  natsUrl: string;
  /** Addresses of each service's database, by the service's name. */
  databaseUrls: ReadonlyMap<string, DatabaseUrls>;
  /** What operators sign in with. */
  operatorKey: string;
}

/** The variables of one instance: ours for what we run, the caller's for everything else. */
export function environmentOf(
  instance: Instance,
  settings: Settings,
  backing: Backing,
): NodeJS.ProcessEnv {
  const prefix = `PURSER_${instance.service.name.toUpperCase()}`;
  return {
    ...withoutOthers(process.env, settings),
    ...databaseOf(instance.service.name, backing),
    ...(instance.service.operates && operatorsOf(backing)),
    ...targets(settings),
    ...certificateOf(instance.service.name, settings),
    ...ratesOf(settings),
    PURSER_HOST: settings.host,
    PURSER_NATS_URL: backing.natsUrl,
    [`${prefix}_PORT`]: String(instance.port),
    [`${prefix}_INTERNAL_PORT`]: String(instance.internalPort),
    ...(instance.livePort !== undefined && { [`${prefix}_LIVE_PORT`]: String(instance.livePort) }),
  };
}

/** The variables of a service's migration. */
export function migrationEnvironment(
  service: string,
  settings: Settings,
  { databaseUrls }: Pick<Backing, 'databaseUrls'>,
): NodeJS.ProcessEnv {
  const url = databaseUrls.get(service)?.migration;
  const name = `PURSER_${service.toUpperCase()}_MIGRATION_DATABASE_URL`;
  const certificate = certificateOf(ownerRole(service), settings);
  return { ...withoutSecrets(process.env), ...certificate, [name]: url };
}

/** Each process has its own certificate, and no other's key. */
function certificateOf(name: string, { certificates }: Settings): NodeJS.ProcessEnv {
  return { PURSER_TLS_FOLDER: certificates === undefined ? 'off' : join(certificates, name) };
}

/** A service never sees the address of another one's database, nor the operator's key. */
function withoutSecrets(source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secret = /^PURSER_(\w+_DATABASE_URL|OPERATOR_KEY)$/;
  return Object.fromEntries(Object.entries(source).filter(([name]) => !secret.test(name)));
}

function databaseOf(service: string, { databaseUrls }: Backing): NodeJS.ProcessEnv {
  const url = databaseUrls.get(service)?.service;
  return url === undefined ? {} : { [databaseVariable(service)]: url };
}

/** Only Operations sees all databases, under a role that owns nothing in them. */
function operatorsOf({ databaseUrls, operatorKey }: Backing): NodeJS.ProcessEnv {
  const urls = [...databaseUrls].map(([name, { operations }]) => [
    databaseVariable(name),
    operations,
  ]);
  return { ...Object.fromEntries(urls), PURSER_OPERATOR_KEY: operatorKey };
}

function databaseVariable(service: string): string {
  return `PURSER_${service.toUpperCase()}_DATABASE_URL`;
}

/**
 * A developer is one user with the load of many, so that nothing is limited unless it is asked for.
 */
function ratesOf({ instances }: Settings): NodeJS.ProcessEnv {
  const gateways = instances.filter(({ service }) => service.name === 'gateway').length;
  return {
    PURSER_USER_RATE_LIMIT: process.env['PURSER_USER_RATE_LIMIT'] || 'off',
    PURSER_RATE_LIMIT_INSTANCES: String(Math.max(1, gateways)),
  };
}

/** Ports and numbers of instances are ours to tell, and only to the process they are about. */
function withoutOthers(source: NodeJS.ProcessEnv, { instances }: Settings): NodeJS.ProcessEnv {
  const names = new Set(instances.map(({ service }) => service.name.toUpperCase()));
  const own = '(PORT|INTERNAL_PORT|LIVE_PORT|INSTANCES)';
  const pattern = new RegExp(`^PURSER_(${[...names].join('|')})_${own}$`);
  const kept = Object.entries(withoutSecrets(source)).filter(([name]) => !pattern.test(name));
  return Object.fromEntries(kept);
}

/** PURSER_<SERVICE>_TARGET, and _LIVE_TARGET where it has one: where all instances listen. */
function targets({ instances, reachableHost }: Settings): NodeJS.ProcessEnv {
  const addresses = Map.groupBy(instances, ({ service }) => service.name);
  return Object.fromEntries(
    [...addresses].flatMap(([name, group]) => {
      const prefix = `PURSER_${name.toUpperCase()}`;
      const list = (ports: (number | undefined)[]) =>
        ports.flatMap((port) => (port === undefined ? [] : `${reachableHost}:${port}`)).join(',');
      const live = list(group.map(({ livePort }) => livePort));
      return [
        [`${prefix}_TARGET`, list(group.map(({ port }) => port))],
        ...(live === '' ? [] : [[`${prefix}_LIVE_TARGET`, live]]),
      ];
    }),
  );
}
