import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import * as assert from 'uvu/assert';
import { createTestDatabase } from '#test/harness/database.ts';
import { bytesLeft } from '#test/harness/left-in-memory.ts';
import { suite } from '#test/harness/suite.ts';
import { Database } from './database.ts';
import {
  ConflictError,
  ConnectionLostError,
  isPermanent,
  isTransient,
  violatedConstraint,
} from './failure.ts';
import { migrate, type Migrations } from './migrate.ts';
import type { Tx } from './transaction.ts';

const test = suite('database');

class Counters extends Migration {
  override up() {
    this.addSql(
      `create table counters (
        id int primary key, value bigint not null constraint not_negative check (value >= 0)
      )`,
    );
    this.addSql('insert into counters values (1, 0), (2, 0)');
  }
}
const migrations: Migrations = [{ name: '0001-counters', class: Counters }];

const Counter = defineEntity({
  name: 'Counter',
  tableName: 'counters',
  properties: { id: p.integer().primary(), value: p.bigint() },
});

const { url, drop } = await createTestDatabase('pg_database', async (address) => {
  assert.equal(await migrate(address, migrations), ['0001-counters']);
});
const database = await Database.open({ url, applicationName: 'test', entities: [Counter] });

test.after(async () => {
  await database.close();
  await drop();
});

const add = (tx: Tx, id: number, amount: bigint) =>
  tx.query<{ value: bigint }>(
    { name: 'add', text: 'update counters set value = value + $2 where id = $1 returning value' },
    [id, amount],
  );
const valueOf = (id: number) =>
  database
    .single((tx) =>
      tx.query<{ value: bigint }>(
        { name: 'value_of', text: 'select value from counters where id = $1' },
        [id],
      ),
    )
    .then(([row]) => row?.value);
const query = (text: string) =>
  database.single((tx) =>
    tx.query<Record<string, string>>({ name: `q ${text}`.slice(0, 60), text }, []),
  );

test('a migration that ran is not run again, also when two start at once', async () => {
  assert.equal(await Promise.all([migrate(url, migrations), migrate(url, migrations)]), [[], []]);
});

test('two migrators of an empty database: one does the work', async () => {
  const empty = await createTestDatabase('pg_empty', async () => {});
  const applied = await Promise.all([
    migrate(empty.url, migrations),
    migrate(empty.url, migrations),
  ]);
  assert.equal(applied.flat(), ['0001-counters']);
  await empty.drop();
});

test('a transaction commits what it did, as a whole', async () => {
  await database.transaction(async (tx) => {
    await add(tx, 1, 5n);
    await add(tx, 2, 7n);
  });
  assert.equal([await valueOf(1), await valueOf(2)], [5n, 7n]);
});

test("a transaction that throws leaves nothing behind, and its error is the caller's", async () => {
  const before = await valueOf(1);
  const failure = new Error('no');
  const thrown = await database
    .transaction(async (tx) => {
      await add(tx, 1, 5n);
      throw failure;
    })
    .catch((error: unknown) => error);
  assert.is(thrown, failure);
  assert.is(await valueOf(1), before);
});

test('a conflict runs the whole work again, on fresh rows', async () => {
  const before = await valueOf(1);
  let attempts = 0;
  await database.transaction(async (tx) => {
    await add(tx, 1, 1n);
    attempts += 1;
    if (attempts < 3) throw new ConflictError('once more');
  });
  assert.equal([attempts, await valueOf(1)], [3, before! + 1n]);
});

test('a conflict that never ends is thrown after five attempts', async () => {
  let attempts = 0;
  const thrown = await database
    .transaction(async () => {
      attempts += 1;
      throw new ConflictError('always');
    })
    .catch((error: unknown) => error);
  assert.instance(thrown, ConflictError);
  assert.is(attempts, 5);
});

test("two transactions in each other's way: the deadlock is ended, and both commit", async () => {
  const before = [await valueOf(1), await valueOf(2)];
  const both = new Set<number>();
  const meet = async (me: number) => {
    both.add(me);
    while (both.size < 2) await new Promise((resume) => setTimeout(resume, 5));
  };
  const cross = (first: number, second: number) =>
    database.transaction(async (tx) => {
      await add(tx, first, 1n);
      await meet(first);
      await add(tx, second, 1n);
    });
  await Promise.all([cross(1, 2), cross(2, 1)]);
  assert.equal([await valueOf(1), await valueOf(2)], [before[0]! + 2n, before[1]! + 2n]);
});

test('a violated constraint tells its name and spoils no connection', async () => {
  for (let count = 0; count < 30; count += 1) {
    const thrown = await database
      .single((tx) => add(tx, 1, -1_000_000n))
      .catch((error: unknown) => error);
    assert.is(violatedConstraint(thrown), 'not_negative');
    assert.not(isTransient(thrown));
  }
});

test('int8 comes back exactly, times to the millisecond, bytes as bytes', async () => {
  const [row] = await database.single((tx) =>
    tx.query<Record<string, unknown>>(
      {
        name: 'types',
        text: `select 9007199254740993::int8 as big, array[1::int8, null, 9007199254740993] as bigs,
      '2026-01-02 03:04:05.678+00'::timestamptz as at, '\\x00ff'::bytea as bytes`,
      },
      [],
    ),
  );
  assert.equal(row, {
    big: 9007199254740993n,
    bigs: [1n, null, 9007199254740993n],
    at: new Date('2026-01-02T03:04:05.678Z'),
    bytes: Buffer.from([0, 255]),
  });
});

test('every session has the time limits', async () => {
  const names = [
    'statement_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
    'transaction_timeout',
  ];
  const [row] = await query(
    `select ${names.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`,
  );
  assert.equal(row, {
    statement_timeout: '5s',
    lock_timeout: '2s',
    idle_in_transaction_session_timeout: '5s',
    transaction_timeout: '15s',
  });
});

test('a plan that was made for a small table reads no large one whole', async () => {
  const one = await Database.open({ url, applicationName: 'plans', entities: [], poolSizeMax: 1 });
  const run = (name: string, text: string, values: unknown[] = []) =>
    one.single((tx) => tx.query<Record<string, string>>({ name, text }, values));
  await run('make', 'create table grown (id int primary key, a text, b text, c text, d text)');
  const text = 'select * from unnest($1::int[]) as wanted (id) join grown using (id)';
  const find = () => run('find', text, [[1, 2, 3]]);
  // From the sixth time on the plan is kept.
  for (let time = 0; time < 8; time += 1) assert.is((await find()).length, 0);
  await run('grow', 'insert into grown select generate_series(1, 50000)');
  assert.is((await find()).length, 3);
  const plan = (await run('explain', "explain execute find('{1}')"))
    .map((line) => line['QUERY PLAN'])
    .join('\n');
  await one.close();
  assert.match(plan, /unnest/);
  assert.match(plan, /Index .*Scan/);
  assert.not.match(plan, /Seq Scan/);
});

test('a row lock that does not come is given up, and the failure passes', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
  const holder = database.transaction(async (tx) => {
    await add(tx, 2, 1n);
    lock();
    await held;
  });
  await locked;
  const thrown = await database.single((tx) => add(tx, 2, 1n)).catch((error: unknown) => error);
  release();
  await holder;
  assert.is((thrown as { code?: string }).code, '55P03');
  assert.ok(isTransient(thrown));
});

test('sessions that the server ends are replaced, and no error gets out', async () => {
  const work = Array.from({ length: 8 }, () =>
    database
      .single((tx) => tx.query({ name: 'nap', text: 'select pg_sleep(0.3)' }, []))
      .then(() => 'done', isTransient),
  );
  await new Promise((resume) => setTimeout(resume, 100));
  const admin = await Database.open({ url, applicationName: 'admin', entities: [] });
  await admin.single((tx) =>
    tx.query(
      {
        name: 'kill',
        text: `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'test' and pid <> pg_backend_pid()`,
      },
      [],
    ),
  );
  await admin.close();
  assert.equal(
    new Set(await Promise.all(work)),
    new Set([true]),
    'every query in flight failed as transient',
  );
  assert.is(typeof (await valueOf(1)), 'bigint');
});

const napStatement = { name: 'long-nap', text: 'select pg_sleep(4)' };
const naps: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  'with MikroORM': (signal) => database.reader(signal).execute(napStatement.text),
  prepared: (signal) => database.read(signal, (tx) => tx.query(napStatement, [])),
};

for (const [name, nap] of Object.entries(naps)) {
  test(`an aborted read, ${name}, is cancelled on the server`, async () => {
    const stop = new AbortController();
    const started = Date.now();
    const read = nap(stop.signal).then(
      () => 'finished',
      (error: unknown) => String(error),
    );
    setTimeout(() => stop.abort(new Error('nobody waits any more')), 100);
    assert.match(await read, /nobody waits any more/);
    assert.ok(Date.now() - started < 2_000);
    // The cancel request travels on a connection of its own; the nap alone would last until 4 s.
    for (const end = Date.now() + 2_000; ;) {
      const [row] = await query(`select count(*)::text as naps from pg_stat_activity
        where query like '%pg_sleep(4)%' and state = 'active' and pid <> pg_backend_pid()`);
      if (row?.['naps'] === '0') break;
      assert.ok(Date.now() < end, 'the query still runs on the server');
    }
  });
}

test('a read that ends as it is aborted leaves the next statement alone', async () => {
  const work = Array.from({ length: 200 }, async (_, n) => {
    const stop = new AbortController();
    const nap = { name: 'short-nap', text: 'select pg_sleep(0.002)' };
    const read = (tx: Tx) => {
      setTimeout(() => stop.abort(new Error('aborted')), n % 5);
      return tx.query(nap, []);
    };
    await database
      .read(stop.signal, read)
      .catch((error: unknown) => assert.is((error as Error).message, 'aborted'));
    await database.single((tx) => tx.query(nap, []));
  });
  await Promise.all(work);
});

test('a read that is aborted before it begins asks the server nothing', async () => {
  const stop = AbortSignal.abort(new Error('too late'));
  let asked = false;
  const work = async () => {
    asked = true;
  };
  assert.is(await database.read(stop, work).catch(({ message }) => message), 'too late');
  assert.not(asked);
});

test('a reader reads entities', async () => {
  const counter = await database
    .reader(new AbortController().signal)
    .findOneOrFail(Counter, { id: 1 });
  assert.is(counter.value, await valueOf(1));
});

/** Stands between: passes bytes on until it is told to fall silent, or to cut the connection. */
async function startProxy() {
  const sockets = new Set<Socket>();
  const target = new URL(url);
  let silent = false;
  let cutAt: string | undefined;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}));
    client.on('data', (bytes) => {
      if (!silent) server.write(bytes);
      // The statement has reached the server; its answer will not come back.
      if (cutAt !== undefined && bytes.toString('latin1').includes(cutAt)) silent = true;
      if (cutAt !== undefined && silent) setTimeout(() => client.destroy(), 100);
    });
    server.on('data', (bytes) => silent || client.write(bytes));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  return {
    url: through.href,
    fallSilent: () => (silent = true),
    cutAfter: (text: string) => (cutAt = text),
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

test('a commit whose answer is lost is transient, and committed', async () => {
  const proxy = await startProxy();
  const far = await Database.open({ url: proxy.url, applicationName: 'far', entities: [] });
  const before = await valueOf(1);
  await far.ping();
  proxy.cutAfter('commit');
  const thrown = await far.transaction((tx) => add(tx, 1, 1n)).catch((error: unknown) => error);
  assert.instance(thrown, ConnectionLostError);
  assert.ok(isTransient(thrown));
  assert.not(isPermanent(thrown));
  assert.is(await valueOf(1), before! + 1n);
  proxy.close();
  await far.close();
});

test('a connection that falls silent is given up after its time, and not used again', async () => {
  const proxy = await startProxy();
  const far = await Database.open({ url: proxy.url, applicationName: 'far', entities: [] });
  await far.ping();
  proxy.fallSilent();
  const started = Date.now();
  const thrown = await far.ping().catch((error: unknown) => error);
  assert.instance(thrown, ConnectionLostError);
  assert.ok(Date.now() - started < 9_000);
  proxy.close();
  await far.close();
});

test('a database that is not there delays no start; queries fail as transient', async () => {
  const nowhere = await Database.open({
    url: 'postgresql://x:y@127.0.0.1:1/none',
    applicationName: 'x',
    entities: [],
  });
  const thrown = await nowhere.ping().catch((error: unknown) => error);
  assert.ok(isTransient(thrown), String(thrown));
  await nowhere.close();
});

test('what a statement sent and got does not wait for a full collection', async () => {
  const echo = { name: 'echo', text: 'select $1::text as value' };
  const left = await bytesLeft(() => {
    const value = String(Math.random()).repeat(100);
    return database.transaction((tx) => tx.query(echo, [value]));
  });
  // 2,700 bytes; 3,400 with the rows, 7,400 with what was sent as well.
  assert.ok(left < 3_100, `${left} bytes`);
});

test.run();
