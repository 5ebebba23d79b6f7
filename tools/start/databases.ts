import { join } from 'node:path';
import type pg from 'pg';
import { auditorRole, operationsRole } from '#lib/pg/rights.ts';
import type { Postgres } from '../local/postgres.ts';
import { withCertificate } from '#lib/pg/ssl.ts';
import { keptSecret } from './kept-secret.ts';

/** Addresses of one service's database. */
export interface DatabaseUrls {
  /** For the running service. */
  service: string;
  /** For its migrations, as the role that owns everything in it. */
  migration: string;
  /** For Operations, as the role that reads all databases. */
  operations: string;
}

/** Role that owns a service's database and its schema. */
export function ownerRole(service: string): string {
  return `${service}_owner`;
}

/**
 * Makes a database for each name, which no other service can use. It belongs to the role
 * `<name>_owner`; the role of that name, `auditor` and `operations` may come in and do what the
 * migrations allow them. Passwords are kept in `secretsFolder`. With
 * `certificates`, connections are mutual TLS. Nothing changes for a database that
 * exists, except that one which belongs to its service, as in earlier versions, gets its owner.
 */
export async function createDatabases(
  postgres: Postgres,
  names: readonly string[],
  { secretsFolder, certificates }: { secretsFolder: string; certificates?: string | undefined },
): Promise<Map<string, DatabaseUrls>> {
  const passwordOf = (role: string) => keptSecret(join(secretsFolder, `${role}.password`));
  const roles = [...names.flatMap((name) => [name, ownerRole(name)]), auditorRole, operationsRole];
  const adminUrl = (database: string) => {
    const address = postgres.url(database);
    return certificates ? withCertificate(address, join(certificates, 'postgres')) : address;
  };
  await asAdmin(adminUrl('postgres'), async (admin) => {
    for (const role of roles) await setUpRole(admin, role, passwordOf(role));
    for (const name of names) {
      if (await isOwnedBy(admin, name, name)) await handOver(adminUrl(name), name);
      await createDatabase(admin, name);
    }
  });
  const url = (role: string, name: string) =>
    `postgresql://${role}:${passwordOf(role)}@127.0.0.1:${postgres.port}/${name}`;
  const urls = names.map((name): [string, DatabaseUrls] => [
    name,
    {
      service: url(name, name),
      migration: url(ownerRole(name), name),
      operations: url(operationsRole, name),
    },
  ]);
  return new Map(urls);
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const { default: driver } = await import('pg');
  const admin = new driver.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

async function setUpRole(admin: pg.Client, name: string, password: string): Promise<void> {
  const role = admin.escapeIdentifier(name);
  const known = await admin.query('select from pg_roles where rolname = $1', [name]);
  const verb = known.rowCount === 0 ? 'create' : 'alter';
  // Set on every start, so that a removed password file is no reason to lose the data.
  await admin.query(`${verb} role ${role} login password ${admin.escapeLiteral(password)}`);
}

async function createDatabase(admin: pg.Client, name: string): Promise<void> {
  const database = admin.escapeIdentifier(name);
  const owner = admin.escapeIdentifier(ownerRole(name));
  const made = await admin.query('select from pg_database where datname = $1', [name]);
  if (made.rowCount === 0) await admin.query(`create database ${database} owner ${owner}`);
  await admin.query(`revoke all on database ${database} from public, ${database}`);
  const guests = [name, auditorRole, operationsRole].map((role) => admin.escapeIdentifier(role));
  await admin.query(`grant connect on database ${database} to ${guests.join(', ')}`);
}

async function isOwnedBy(admin: pg.Client, database: string, role: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `select from pg_database join pg_roles on pg_roles.oid = datdba
     where datname = $1 and rolname = $2`,
    [database, role],
  );
  return rowCount === 1;
}

/** Gives the database and everything in it from its service's role to its owner's. */
async function handOver(address: string, name: string): Promise<void> {
  await asAdmin(address, async (admin) => {
    const [from, to] = [name, ownerRole(name)].map((role) => admin.escapeIdentifier(role));
    await admin.query(`reassign owned by ${from} to ${to}`);
  });
}
