import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { Postgres } from '../local/postgres.ts';

/**
 * Makes a database for each name, owned by a role of that name which can use no other database.
 * Their passwords are kept in `secretsFolder`. Returns the address of each database; nothing
 * changes for one that exists.
 */
export async function createDatabases(
  postgres: Postgres,
  names: readonly string[],
  secretsFolder: string,
): Promise<Map<string, string>> {
  const { default: driver } = await import('pg');
  const admin = new driver.Client({ connectionString: postgres.url('postgres') });
  await admin.connect();
  const urls = new Map<string, string>();
  try {
    for (const name of names) {
      const password = keptPassword(join(secretsFolder, `${name}.password`));
      await createDatabase(admin, name, password);
      urls.set(name, `postgresql://${name}:${password}@127.0.0.1:${postgres.port}/${name}`);
    }
  } finally {
    await admin.end();
  }
  return urls;
}

async function createDatabase(admin: pg.Client, name: string, password: string): Promise<void> {
  const role = admin.escapeIdentifier(name);
  const known = await admin.query('select from pg_roles where rolname = $1', [name]);
  const verb = known.rowCount === 0 ? 'create' : 'alter';
  // Set on every start, so that a removed password file is no reason to lose the data.
  await admin.query(`${verb} role ${role} login password ${admin.escapeLiteral(password)}`);
  const made = await admin.query('select from pg_database where datname = $1', [name]);
  if (made.rowCount === 0) await admin.query(`create database ${role} owner ${role}`);
  await admin.query(`revoke connect, temporary on database ${role} from public`);
}

function keptPassword(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return password;
}
