import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * What the role of a running service may do in its own database, beside reading. The role owns
 * nothing and makes nothing: the schema belongs to another role, `<role>_owner`, which only
 * migrations use.
 */
export interface Rights {
  /** The service's name, which is the name of its role. */
  role: string;
  /** Privileges by table, as GRANT writes them: `select, insert, update (state)`. */
  tables: Readonly<Record<string, string>>;
  /** Functions that do, with their owner's rights, the little that the role may not do itself. */
  functions?: readonly string[];
}

/** Reads every table of every service; for audits. */
export const auditorRole = 'auditor';

/** Reads every table, resolves dead letters, and publishes events of an outbox once more. */
export const operationsRole = 'operations';

/** What `operations` may do beside reading, by table. */
const operationsTables: Readonly<Record<string, string>> = {
  dead_letters: 'update (resolution, resolved_time, reason)',
  outbox: 'insert',
};

/**
 * Makes the privileges in the database what they should be, whatever they were. Only what the
 * rights name is touched: code of the version before, which knows fewer tables, takes nothing away
 * from the version after it. Roles are made by whoever made the database; throws a sentence when
 * one is missing.
 */
export async function grantRights(em: EntityManager, rights: Rights): Promise<void> {
  await requireRoles(em, rights.role);
  const others = [auditorRole, operationsRole].filter((name) => name !== rights.role);
  const all = [rights.role, ...others].map(quoted).join(', ');
  await em.execute(`
    revoke all on schema public from public, ${all};
    grant usage on schema public to ${all};
    ${Object.entries(rights.tables)
      .map(([table, privileges]) => tableGrants(table, privileges, rights.role, all))
      .join('\n')}
    ${(rights.functions ?? []).map((name) => functionGrants(name, rights.role)).join('\n')}
    grant select on all tables in schema public to ${others.map(quoted).join(', ')};`);
}

function tableGrants(table: string, privileges: string, role: string, all: string): string {
  const operations = operationsTables[table];
  return `
    revoke all on ${quoted(table)} from public, ${all};
    grant ${privileges} on ${quoted(table)} to ${quoted(role)};
    ${operations ? `grant ${operations} on ${quoted(table)} to ${quoted(operationsRole)};` : ''}`;
}

function functionGrants(name: string, role: string): string {
  return `
    revoke all on function ${name} from public;
    grant execute on function ${name} to ${quoted(role)};`;
}

async function requireRoles(em: EntityManager, role: string): Promise<void> {
  const names = [role, auditorRole, operationsRole];
  const missing = await em.execute<{ name: string }[]>(
    `select name from unnest(array[${names.map(() => '?').join(', ')}]) as name
     where not exists (select from pg_roles where rolname = name)`,
    names,
  );
  if (missing.length === 0) return;
  const list = missing.map(({ name }) => name).join(', ');
  throw new Error(
    `The database server has no role ${list}. Its administrator has to make it: see the roles of ` +
      'the databases in docs/deployment.md.',
  );
}

function quoted(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${name} is no name of a table or a role.`);
  return `"${name}"`;
}
