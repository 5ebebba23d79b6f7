import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readEnvironment } from '#lib/config/environment.ts';
import { TlsFolder } from '#lib/tls/tls-folder.ts';
import { withCertificate } from '#lib/pg/ssl.ts';
import { certificatesIn } from '../start/certificates.ts';
import type { auditorRole, operationsRole } from '#lib/pg/rights.ts';

/** Where the databases and the broker of a system are. */
export interface SystemAddresses {
  orders: string;
  payments: string;
  /** Undefined where only the other two are named by their addresses. */
  notifications: string | undefined;
  nats: string;
  /** The certificate to show to the broker, where it is reached over TLS. */
  tls: TlsFolder | undefined;
}

type Source = Record<string, string | undefined>;

/**
 * The system that these variables mean: a database by its own address where that is set, else the
 * one that `npm start` runs with the same variables, as the role that is given. Throws a sentence
 * when there is neither.
 */
export function findSystem(
  role: typeof auditorRole | typeof operationsRole,
  source: Source = process.env,
): SystemAddresses {
  const settings = readEnvironment('start', { source });
  const folder = resolve(settings.PURSER_DATA, 'postgres');
  const certificates = certificatesIn(resolve(settings.PURSER_DATA));
  const certificate = settings.PURSER_TLS ? join(certificates, role) : undefined;
  const database = (name: string, isNeeded = true) => {
    const variable = `PURSER_${name.toUpperCase()}_DATABASE_URL`;
    const given = source[variable];
    if (given) return given;
    const file = join(folder, `${role}.password`);
    if (!existsSync(join(folder, `${name}.password`)) || !existsSync(file)) {
      if (!isNeeded) return undefined;
      throw new Error(
        `There is no data of npm start in ${settings.PURSER_DATA}. Start it, or set PURSER_DATA ` +
          `to its folder, or ${variable} to the database.`,
      );
    }
    const password = readFileSync(file, 'utf8').trim();
    const { PURSER_POSTGRES_PORT: port } = settings;
    const url = `postgresql://${role}:${password}@127.0.0.1:${port}/${name}`;
    return certificate === undefined ? url : withCertificate(url, certificate);
  };
  const scheme = certificate === undefined ? 'nats' : 'tls';
  const nats = source['PURSER_NATS_URL'] || `${scheme}://127.0.0.1:${settings.PURSER_NATS_PORT}`;
  return {
    tls: certificate === undefined ? undefined : new TlsFolder(certificate),
    orders: database('orders')!,
    payments: database('payments')!,
    notifications: database('notifications', false),
    nats,
  };
}

/** What to tell a person when a database does not answer; undefined for every other fault. */
export function unreachable(error: unknown): string | undefined {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (error instanceof AggregateError) return unreachable(error.errors[0]);
  if (code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && code !== 'ETIMEDOUT') return undefined;
  return (
    `No database answers at ${address ?? 'the address'}:${port ?? ''}. Does npm start run, ` +
    'with the same PURSER_POSTGRES_PORT?'
  );
}
