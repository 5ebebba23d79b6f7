import { randomUUID } from 'node:crypto';
import pg from 'pg';
import * as assert from 'uvu/assert';
import { migrate } from '#lib/pg/migrate.ts';
import type { Rights } from '#lib/pg/rights.ts';
import { createTestDatabase, ensureRoles, giveTo, urlAs } from '#test/harness/database.ts';
import { serviceDatabase, type TestDatabaseHandle } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as telling } from '../../services/notifications/schema/migrations.ts';
import { rights as notificationsRights } from '../../services/notifications/schema/rights.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { rights as ordersRights } from '../../services/orders/schema/rights.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { rights as paymentsRights } from '../../services/payments/schema/rights.ts';

const test = suite('roles of the databases');

const schemas = {
  orders: { migrations: ordersMigrations, rights: ordersRights },
  payments: { migrations: paymentsMigrations, rights: paymentsRights },
  notifications: { migrations: telling, rights: notificationsRights },
};
type Service = keyof typeof schemas;
const services = Object.keys(schemas) as Service[];

const databases = {} as Record<Service, TestDatabaseHandle>;
const sessions: pg.Client[] = [];

async function sessionOf(service: Service, role: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: databases[service].urlOf(role) });
  await session.connect();
  sessions.push(session);
  return session;
}

const asService = {} as Record<Service, pg.Client>;
const asAuditor = {} as Record<Service, pg.Client>;
const asOperations = {} as Record<Service, pg.Client>;

test.before(async () => {
  for (const service of services) {
    databases[service] = await serviceDatabase(service, schemas[service].migrations);
    asService[service] = await sessionOf(service, service);
    asAuditor[service] = await sessionOf(service, 'auditor');
    asOperations[service] = await sessionOf(service, 'operations');
  }
});
test.after(async () => {
  await Promise.all(sessions.map((session) => session.end()));
  for (const service of services) await databases[service].close();
});

const insufficientPrivilege = '42501';

/** The SQLSTATE that a statement fails with; `done` when it does not. What it did is undone. */
async function outcomeOf(session: pg.Client, text: string): Promise<string> {
  await session.query('begin');
  try {
    await session.query(text);
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await session.query('rollback');
  }
}

const changesOfSchema = [
  'create table more (n int)',
  'create schema more',
  'create function more() returns int language sql return 1',
  'create extension pg_trgm',
  'create role more',
  'alter table TABLE add column more int',
  'alter table TABLE disable trigger all',
  'create index on TABLE ((1))',
  'drop table TABLE',
  'truncate TABLE',
  'lock table TABLE in access exclusive mode',
];
const tableOf = { orders: 'order_events', payments: 'transfers', notifications: 'inbox' };

for (const service of services) {
  const { rights } = schemas[service];

  test(`${service}: the running service changes nothing of the schema`, async () => {
    for (const text of changesOfSchema) {
      const statement = text.replace('TABLE', tableOf[service]);
      const outcome = await outcomeOf(asService[service], statement);
      assert.is(outcome, insufficientPrivilege, statement);
    }
    const owned = await databases[service].sql(
      `select relname from pg_class where relowner = '${service}'::regrole
       union all select proname from pg_proc where proowner = '${service}'::regrole`,
    );
    assert.equal(owned, []);
  });

  test(`${service}: every table is in the rights of the service, and none beside it`, async () => {
    const rows = await databases[service].sql<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and relname <> 'mikro_orm_migrations'`,
    );
    const names = rows.map(({ name }) => name).toSorted();
    assert.equal(names, Object.keys(rights.tables).toSorted());
  });

  test(`${service}: the role for audits reads everything and writes nothing`, async () => {
    for (const table of Object.keys(rights.tables)) {
      const session = asAuditor[service];
      assert.is(await outcomeOf(session, `select * from ${table}`), 'done', table);
      for (const text of [
        `insert into ${table} default values`,
        `delete from ${table}`,
        `truncate ${table}`,
      ]) {
        assert.is(await outcomeOf(session, text), insufficientPrivilege, text);
      }
      const update = await updateOf(service, table);
      assert.is(await outcomeOf(session, update), insufficientPrivilege, update);
    }
    assert.is(await outcomeOf(asAuditor[service], 'create table more (n int)'), '42501');
  });

  test(`${service}: the role for operations writes what a replay needs and no more`, async () => {
    const session = asOperations[service];
    const resolve =
      "update dead_letters set resolution = 'REPLAYED', resolved_time = now(), reason = null";
    assert.is(await outcomeOf(session, resolve), 'done');
    assert.is(await outcomeOf(session, "update dead_letters set payload = ''"), '42501');
    for (const table of Object.keys(rights.tables)) {
      assert.is(await outcomeOf(session, `select * from ${table}`), 'done', table);
      assert.is(await outcomeOf(session, `delete from ${table}`), '42501', table);
      const update = await updateOf(service, table);
      if (table !== 'dead_letters') assert.is(await outcomeOf(session, update), '42501', update);
      if (table === 'outbox') continue;
      const insert = `insert into ${table} default values`;
      assert.is(await outcomeOf(session, insert), '42501', insert);
    }
    if (!('outbox' in rights.tables)) return;
    const publish = `insert into outbox (event_id, type, subject, about, payload)
      values ('${randomUUID()}', 't', 's', 'a', '')`;
    assert.is(await outcomeOf(session, publish), 'done');
  });
}

/** An update of a table's first column to itself. */
async function updateOf(service: Service, table: string): Promise<string> {
  const [row] = await databases[service].sql<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0
       and attgenerated = '' and attidentity = '' order by attnum limit 1`,
    [table],
  );
  return `update ${table} set ${row!.name} = ${row!.name}`;
}

/** What the running service may never do again to a row that it has written. */
const lasting: readonly [Service, string][] = [
  ['orders', 'update order_events set to_state = to_state'],
  ['orders', 'update order_events set reason = reason'],
  ['orders', 'delete from order_events'],
  ['orders', 'update orders set amount_minor = 1'],
  ['orders', "update orders set user_id = 'eve'"],
  ['orders', 'delete from orders'],
  ['orders', 'delete from requests'],
  ['orders', 'update requests set order_id = order_id'],
  ['orders', 'update outbox set payload = payload'],
  ['orders', 'delete from outbox'],
  ['orders', 'delete from dead_letters'],
  ['orders', 'delete from outbox_relay'],
  ['payments', 'update transfers set amount_minor = 1'],
  ['payments', 'delete from transfers'],
  ['payments', 'update payments set amount_minor = 1'],
  ['payments', 'delete from payments'],
  ['payments', "update accounts set user_id = 'eve'"],
  ['payments', 'delete from accounts'],
  ['payments', 'delete from system_accounts'],
  ['payments', 'delete from requests'],
  ['payments', 'update inbox set event_id = event_id'],
  ['payments', 'delete from inbox'],
  ['payments', 'update outbox set payload = payload'],
  ['payments', 'delete from outbox'],
  ['notifications', 'delete from inbox'],
  ['notifications', "update changes set content = ''"],
];
for (const [service, text] of lasting) {
  test(`${service} may not: ${text}`, async () => {
    assert.is(await outcomeOf(asService[service], text), insufficientPrivilege);
  });
}

test('a key that is younger than 30 days is not deleted, whatever is asked for', async () => {
  const { sql } = databases.payments;
  await sql(
    `insert into requests
       (user_id, request_id, fingerprint, account_id, ledger_version, create_time)
     select 'ann', name, '', gen_random_uuid(), 0, now() - age
     from (values ('young', interval '29 days'), ('old', interval '31 days')) as t (name, age)`,
  );
  const { rows } = await asService.payments.query("select expire_requests('infinity', 1000)");
  assert.equal(rows, [{ expire_requests: '1' }]);
  assert.equal(await sql('select request_id from requests'), [{ request_id: 'young' }]);
  const stranger = await outcomeOf(asAuditor.payments, "select expire_requests('infinity', 1)");
  assert.is(stranger, insufficientPrivilege);
});

const probe = (tables: Rights['tables'], role = 'orders'): Rights => ({ role, tables });

test('a migration takes away what the rights do not name any more', async () => {
  await ensureRoles(['orders_owner', 'orders', 'auditor', 'operations']);
  const { url, urlOf, drop } = await createTestDatabase('rights', async (address) => {
    await giveTo('orders_owner', address);
  });
  const owner = urlOf('orders_owner');
  const client = new pg.Client({ connectionString: owner });
  await client.connect();
  await client.query('create table notes (id int, text text)');
  await client.query('grant all on notes to public; grant update (text) on notes to orders');
  await migrate(owner, [], probe({ notes: 'select' }));
  const session = new pg.Client({ connectionString: urlAs('orders', url) });
  await session.connect();
  assert.is(await outcomeOf(session, 'select * from notes'), 'done');
  assert.is(await outcomeOf(session, "update notes set text = ''"), insufficientPrivilege);
  assert.is(await outcomeOf(session, 'delete from notes'), insufficientPrivilege);
  await Promise.all([session.end(), client.end()]);
  await drop();
});

test('a role that nobody has made is named, with where to read on', async () => {
  const { urlOf, drop } = await createTestDatabase('rights', async (address) => {
    await giveTo('orders_owner', address);
  });
  const refused = await migrate(urlOf('orders_owner'), [], probe({}, 'nobody')).catch(String);
  assert.match(String(refused), /no role nobody\. .*docs\/deployment\.md/);
  await drop();
});

test.run();
