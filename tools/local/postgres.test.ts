import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import * as assert from 'uvu/assert';
import { runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from './free-port.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { waitUntilGone } from './running-process.ts';

const test = suite('local PostgreSQL');

// One folder for most tests, in their order: making a cluster takes a second.
const root = temporaryFolder();
const dataDir = join(root, 'postgres');
const cluster = join(dataDir, 'cluster');
let port = 0;

test.before(async () => {
  port = await freePort();
});

function start(folder = dataDir): Promise<Postgres> {
  return startPostgres({ dataDir: folder, port, durable: false });
}

async function query(server: Postgres, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'it was accepted',
    (error: Error) => error.message,
  );
}

test('keeps its data over a stop and a start', async () => {
  const first = await start();
  await query(first, 'create table kept (number int)');
  await first.stop();
  assert.is(await first.exited, 'exit code 0');
  const second = await start();
  assert.equal(await query(second, 'select count(*)::int from kept'), [{ count: 0 }]);
  await second.stop();
});

test('is set up as the services expect it', async () => {
  const server = await start();
  const names = `'max_connections', 'client_connection_check_interval', 'server_encoding',
    'unix_socket_directories', 'listen_addresses', 'password_encryption', 'TimeZone'`;
  const text = `select name, setting from pg_settings where name in (${names})`;
  const rows = await query(server, text);
  assert.equal(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
    TimeZone: 'UTC',
    client_connection_check_interval: '5000',
    listen_addresses: '127.0.0.1',
    max_connections: '200',
    password_encryption: 'scram-sha-256',
    server_encoding: 'UTF8',
    unix_socket_directories: '',
  });
  await server.stop();
});

test('flushes to the disk unless it is told not to', async () => {
  const fast = await start();
  assert.equal(await query(fast, 'show fsync'), [{ fsync: 'off' }]);
  await fast.stop();
  const safe = await startPostgres({ dataDir, port });
  assert.equal(await query(safe, 'show fsync'), [{ fsync: 'on' }]);
  await safe.stop();
});

test('holds more of its tables in memory than PostgreSQL as it comes', async () => {
  const server = await startPostgres({ dataDir, port });
  const [row] = await query(
    server,
    `select pg_size_bytes(current_setting('shared_buffers')) / 1048576 as mb,
      current_setting('max_wal_size') as wal`,
  );
  const { mb, wal } = row as { mb: bigint; wal: string };
  const eighth = Math.min(totalmem(), process.constrainedMemory() || Infinity) / 8 / 2 ** 20;
  assert.ok(Number(mb) >= 128 && Number(mb) <= Math.max(128, eighth), String(mb));
  assert.ok(eighth < 129 || Number(mb) > 128, String(mb));
  assert.is(wal, '4GB');
  await server.stop();
});

test('lets nobody in without the password, which only its owner can read', async () => {
  const server = await start();
  const url = new URL(server.url('postgres'));
  assert.is(statSync(join(dataDir, 'password')).mode & 0o777, 0o600);
  assert.is(url.password, readFileSync(join(dataDir, 'password'), 'utf8').trim());
  url.password = 'guessed';
  const client = new pg.Client({ connectionString: url.href });
  assert.match(await refusal(client.connect()), /password authentication failed/);
  await server.stop();
});

test('recovers from kill -9 at once', async () => {
  const server = await start();
  await query(server, 'insert into kept values (1)');
  await server.kill();
  const again = await start();
  assert.equal(await query(again, 'select count(*)::int from kept'), [{ count: 1 }]);
  await again.stop();
});

test('replaces a server that an earlier run has left on the folder', async () => {
  const left = await start();
  const server = await start();
  assert.is(await left.exited, 'exit code 0');
  assert.equal(await query(server, 'select 1 as one'), [{ one: 1 }]);
  await server.stop();
});

test('is not stopped by a pid file whose number another program has', async () => {
  const lines = [process.pid, cluster, 1, port, '', '', '', 'ready'];
  writeFileSync(join(cluster, 'postmaster.pid'), lines.join('\n'));
  const server = await start();
  assert.equal(await query(server, 'select 1 as one'), [{ one: 1 }]);
  await server.stop();
});

test('ends when the process that has started it is killed', async () => {
  const script = join(root, 'killed.ts');
  const module = resolve(import.meta.dirname, 'postgres.ts');
  writeFileSync(
    script,
    `import { startPostgres } from '${module}';
    const options = { dataDir: '${dataDir}', port: ${port}, durable: false };
    console.log((await startPostgres(options)).pid);
    process.kill(process.pid, 'SIGKILL');`,
  );
  const { exit, output } = await runProgram(process.execPath, [script]);
  assert.is(exit, 'SIGKILL', output);
  assert.ok(await waitUntilGone(Number(output), 5000));
});

test('says why it cannot start', async () => {
  const server = await start();
  const message = await refusal(start(join(root, 'second')));
  assert.match(message, /PostgreSQL did not start[\s\S]*could not create any TCP\/IP sockets/);
  await server.stop();
});

test('gives up making the data folder when it is told to', async () => {
  const folder = join(root, 'given-up');
  const signal = AbortSignal.abort();
  const message = await refusal(startPostgres({ dataDir: folder, port, durable: false, signal }));
  assert.match(message, /could not be made|abort/i);
});

test('makes its data folder again when an earlier run was killed while it did', async () => {
  const folder = join(root, 'half');
  mkdirSync(join(folder, 'cluster-abcdef'), { recursive: true });
  writeFileSync(join(folder, 'cluster-abcdef', 'PG_VERSION'), '18\n');
  const server = await start(folder);
  await server.stop();
  assert.is(statSync(join(folder, 'cluster-abcdef'), { throwIfNoEntry: false }), undefined);
});

test('runs in a folder that only its user can enter', async () => {
  const closed = join(root, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const server = await start(join(closed, 'postgres'));
  assert.equal(await query(server, 'select 1 as one'), [{ one: 1 }]);
  await server.stop();
  chmodSync(closed, 0o755);
});

test('refuses data of another version and data without its password', async () => {
  writeFileSync(join(cluster, 'PG_VERSION'), '17\n');
  assert.match(await refusal(start()), /was written by PostgreSQL 17 and this is 18/);
  writeFileSync(join(cluster, 'PG_VERSION'), '18\n');
  rmSync(join(dataDir, 'password'));
  assert.match(await refusal(start()), /password is missing\. Put it back, or remove/);
});

test.run();
