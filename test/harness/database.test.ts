import * as assert from 'uvu/assert';
import pg from 'pg';
import { createTestDatabase } from './database.ts';
import { suite } from './suite.ts';

const test = suite('test database');

let migrations = 0;

async function migrate(url: string): Promise<void> {
  migrations += 1;
  await query(url, 'create table shelves (number int)');
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
}

test('two databases of one key share one migration and no rows', async () => {
  const [one, two] = await Promise.all([
    createTestDatabase('harness', migrate),
    createTestDatabase('harness', migrate),
  ]);
  assert.is(migrations, 1);
  await query(one.url, 'insert into shelves values (1)');
  assert.equal(await query(two.url, 'select * from shelves'), []);
  await Promise.all([one.drop(), two.drop()]);
});

test('a dropped database is gone', async () => {
  const database = await createTestDatabase('harness', migrate);
  await database.drop();
  const refused = await query(database.url, 'select 1').then(
    () => 'accepted',
    () => 'refused',
  );
  assert.is(refused, 'refused');
});

test('a migration that fails is tried again by the next file', async () => {
  const failing = () => Promise.reject(new Error('no'));
  const message = await createTestDatabase('harness_failing', failing).catch(String);
  assert.is(message, 'Error: no');
  const database = await createTestDatabase('harness_failing', migrate);
  assert.equal(await query(database.url, 'select * from shelves'), []);
  await database.drop();
});

test.run();
