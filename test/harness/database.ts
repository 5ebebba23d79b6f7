import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { testPostgres } from './servers.ts';

export interface TestDatabase {
  /** The superuser's address. */
  url: string;
  /** The address of a role of this cluster, which `ensureRoles` has made. */
  urlOf(role: string): string;
  /** Removes the database; sessions that are still there after two seconds are ended. */
  drop(): Promise<void>;
}

/**
 * A database of its own for one test file, with the schema that `migrate` makes. The first call
 * with a key, over all files of the run, migrates a template; every call copies it, which takes
 * milliseconds. `migrate` must close its connections.
 * @param key lower case letters, digits and underscores: `orders`
 */
export async function createTestDatabase(
  key: string,
  migrate: (url: string) => Promise<void>,
): Promise<TestDatabase> {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(key)) throw new Error(`The key ${key} has a wrong form.`);
  const name = `test_${key}_${randomBytes(4).toString('hex')}`;
  await asAdmin(async (admin) => {
    // Held by the session: other files wait until the template is complete, or its maker is dead.
    await admin.query('select pg_advisory_lock(hashtext($1))', [`template ${key}`]);
    if (!(await exists(admin, `template_${key}`))) await makeTemplate(admin, key, migrate);
    // A copy belongs to whoever makes it, unless it is told otherwise.
    const owner = admin.escapeIdentifier(await ownerOf(admin, `template_${key}`));
    await admin.query(`create database ${name} template template_${key} owner ${owner}`);
  });
  const { url } = await testPostgres();
  return {
    url: url(name),
    urlOf: (role) => urlAs(role, url(name)),
    drop: () =>
      asAdmin(async (admin) => {
        await waitUntilUnused(admin, name);
        await admin.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/** Roles are of the whole cluster, so their password is the same for all tests. */
export const testRolePassword = 'of-tests-only';

/** The same database, for another role. */
export function urlAs(role: string, address: string): string {
  const url = new URL(address);
  url.username = role;
  url.password = testRolePassword;
  return url.href;
}

/** Makes the roles that are not there yet; all test files of a run share them. */
export async function ensureRoles(names: readonly string[]): Promise<void> {
  await asAdmin(async (admin) => {
    await admin.query("select pg_advisory_lock(hashtext('roles'))");
    for (const name of names) {
      const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name]);
      const role = admin.escapeIdentifier(name);
      if (rowCount === 0)
        await admin.query(`create role ${role} login password '${testRolePassword}'`);
    }
  });
}

/** Gives the database, which is new and empty, to the role. */
export async function giveTo(role: string, address: string): Promise<void> {
  const name = new URL(address).pathname.slice(1);
  await asAdmin((admin) =>
    admin.query(
      `alter database ${admin.escapeIdentifier(name)} owner to ${admin.escapeIdentifier(role)}`,
    ),
  );
}

async function makeTemplate(
  admin: pg.Client,
  key: string,
  migrate: (url: string) => Promise<void>,
): Promise<void> {
  const unfinished = `unfinished_${key}`;
  await admin.query(`drop database if exists ${unfinished} with (force)`);
  await admin.query(`create database ${unfinished}`);
  await migrate((await testPostgres()).url(unfinished));
  // A database can be renamed, and later copied, only while nobody is connected to it.
  await admin.query(`alter database ${unfinished} with allow_connections false`);
  await waitUntilUnused(admin, unfinished);
  await admin.query(`alter database ${unfinished} rename to template_${key}`);
}

/**
 * Waits for sessions that are just ending: `pool.end()` of pg settles before the server has read
 * the goodbyes, and a session that is then ended by force makes the pool throw where nobody can
 * catch it.
 */
async function waitUntilUnused(admin: pg.Client, database: string): Promise<void> {
  const sessions = 'select from pg_stat_activity where datname = $1';
  for (let left = 200; left > 0; left -= 1) {
    const { rowCount } = await admin.query(sessions, [database]);
    if (rowCount === 0) return;
    await sleep(10);
  }
}

async function exists(admin: pg.Client, database: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_database where datname = $1', [database]);
  return rowCount === 1;
}

async function ownerOf(admin: pg.Client, database: string): Promise<string> {
  const { rows } = await admin.query<{ owner: string }>(
    'select datdba::regrole::text as owner from pg_database where datname = $1',
    [database],
  );
  return rows[0]!.owner;
}

async function asAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const { adminUrl } = await testPostgres();
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
