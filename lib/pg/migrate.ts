import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { grantRights, type Rights } from './rights.ts';
import { sslOf } from './ssl.ts';

/**
 * The steps of a schema's history. They run in the order of the list, once each, and are never
 * edited.
 */
export type Migrations = NonNullable<NonNullable<Options['migrations']>['migrationsList']>;

/** Any number; the same for all of Purser, so that two migrators of one database take turns. */
const migrationLock = 720_619_003;

/**
 * Brings the database at `address` to the newest schema and returns the names of the steps that it
 * ran. All steps of one call commit together, and with them what `rights` allows to the running
 * service. Two at a time are safe: the second waits and finds nothing to do.
 */
export async function migrate(
  address: string,
  migrations: Migrations,
  rights?: Rights,
  tls?: TlsFolder,
): Promise<string[]> {
  const { url, ssl } = sslOf(address, tls);
  const orm = new MikroORM({
    clientUrl: url,
    // A function, because MikroORM copies objects, certificates and all.
    driverOptions: () => ({ ssl }),
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, disableForeignKeys: false },
    logger: () => {},
    pool: { min: 0, max: 2 },
  });
  try {
    return await orm.em.transactional(async (em) => {
      await em.execute('select pg_advisory_xact_lock(?)', [migrationLock]);
      const applied = await orm.migrator.up();
      if (rights !== undefined) await grantRights(em as typeof orm.em, rights);
      return applied.map(({ name }) => name);
    });
  } finally {
    await orm.close(true);
  }
}
