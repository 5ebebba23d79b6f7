import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { migrationFaults } from './lint.ts';
import { splitSql } from './split-sql.ts';
import { schemas, stepsOf } from './steps.ts';

const test = suite('the rules of migrations');

/** How many steps each schema had before there were rules: no release was there to upgrade from. */
const before: Readonly<Record<string, number>> = { orders: 8, payments: 5, notifications: 2 };

const refused: readonly [sql: string, fault: RegExp][] = [
  ['drop table orders', /may still use/],
  ['alter table orders drop column carrier', /may still use/],
  ['alter table orders drop carrier cascade', /may still use/],
  ['alter table orders rename column carrier to shipper', /old name/],
  ['alter table orders rename to purchases', /old name/],
  ['alter table orders alter column carrier set not null', /may write null/],
  ['alter table orders add column x int not null', /needs a default/],
  ['ALTER TABLE orders ADD x int NOT NULL', /needs a default/],
  ['alter table orders add column a int, add column b int not null', /needs a default/],
  ['alter table orders alter column version type int', /written anew/],
  ['alter table orders alter version set data type numeric(10, 2)', /written anew/],
  ['alter table orders add column x uuid default gen_random_uuid()', /written anew/],
  ['alter table orders add column x int generated always as (version) stored', /written anew/],
  ['alter table orders alter column reason drop default', /rely on the default/],
  ['alter table orders add check (version > 0)', /not valid/],
  ['alter table orders add constraint c foreign key (x) references y (id)', /not valid/],
  ['alter table orders add constraint u unique (x)', /using index/],
  ['create index i on orders (x)', /writers of the table wait/],
  ['create unique index i on orders (x)', /writers of the table wait/],
  ['update orders set x = 1', /in batches/],
  ['delete from orders where x', /in batches/],
  ['insert into notes (a) select a from orders', /in batches/],
  ['truncate orders', /has its rows/],
  ['lock table orders', /waits for it/],
];

for (const [sql, fault] of refused) {
  test(`refused: ${sql}`, () => {
    const faults = migrationFaults([{ name: '0009-next', sql: [sql] }]);
    assert.is(faults.length, 1, faults.join('\n'));
    assert.match(faults[0]!, fault);
    assert.match(faults[0]!, /^0009-next: /);
  });
}

const allowed = [
  'alter table orders add column x jsonb',
  'alter table orders add column x int not null default 0, add column y timestamptz default now()',
  `alter table orders add column note text default 'drop table; -- not null'`,
  'alter table orders add constraint c check (x > 0) not valid',
  'alter table orders validate constraint c',
  'alter table orders add constraint u unique using index orders_u',
  'alter table orders drop constraint c',
  'alter table orders alter column x drop not null',
  'alter table orders alter column x set default 1',
  'create table notes (id int); create index i on notes (id); insert into notes select 1',
  'insert into reconciler default values',
  'create index concurrently i on orders (x)',
];
for (const sql of allowed) {
  test(`allowed: ${sql}`, () => {
    assert.equal(migrationFaults([{ name: '0009-next', sql: [sql] }]), []);
  });
}

test('a reason in a comment allows one statement, and only what it is about', () => {
  const faults = (sql: string) => migrationFaults([{ name: '0009-next', sql: [sql] }]).length;
  const drop = 'alter table orders drop column carrier';
  assert.is(faults(`-- contract: nothing reads it since 1.2\n${drop}`), 0);
  assert.is(faults(`-- contract: nothing reads it since 1.2\n${drop}; ${drop}`), 1);
  assert.is(faults(`-- contract:\n${drop}`), 1);
  assert.is(faults(`-- locks: small\n${drop}`), 1);
  assert.is(faults('-- locks: one row\nupdate reconciler set failures = 0'), 0);
});

test('a script is split where PostgreSQL splits it', () => {
  const texts = splitSql(`
    create function f() returns int language sql as $body$ select 1; $body$; -- one; two
    select 'a;''b' /* ; */ ;`).map(({ text }) => text);
  assert.equal(texts, [
    'create function f() returns int language sql as $body$ select 1; $body$',
    `select 'a;''b'`,
  ]);
});

for (const [service, migrations] of Object.entries(schemas)) {
  test(`the schema of ${service} can be brought in while the release before runs`, async () => {
    const steps = await stepsOf(migrations);
    assert.ok(steps.every(({ sql }) => sql.length > 0));
    assert.equal(migrationFaults(steps.slice(before[service])), []);
    // Else the rules would look at nothing.
    assert.ok(migrationFaults(steps).length > 0 || service === 'notifications');
  });
}

test.run();
