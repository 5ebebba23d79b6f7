import { resolve } from 'node:path';
import pg from 'pg';
import * as assert from 'uvu/assert';
import { TlsFolder } from '#lib/tls/tls-folder.ts';
import { Authority, certificateFolder, folderOf, issue } from '#test/harness/certificates.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { startPostgres } from '../../tools/local/postgres.ts';
import { Database } from './database.ts';
import { sslOf } from './ssl.ts';

const test = suite('PostgreSQL over TLS');

const ours = await Authority.create(1);
const theirs = await Authority.create(1);
const folder = temporaryFolder();
// Reached as localhost, and by its address under a wrong name.
const server = await folderOf(ours, 'database', { hosts: ['localhost'] });
const postgres = await startPostgres({
  dataDir: resolve(folder, 'postgres'),
  port: await freePort(),
  durable: false,
  orphanFolder: folder,
  tlsFolder: server.path,
});
const byAddress = postgres.url('postgres');
const byName = byAddress.replace('127.0.0.1', 'localhost');

test.after(() => postgres.stop());

/** Whether the database answers over a new connection. */
async function outcomeOf(url: string, tls?: TlsFolder): Promise<string> {
  const database = await Database.open({ url, tls, applicationName: 'test', entities: [] });
  const outcome = await database.ping().then(
    () => 'answers',
    (error: Error) => String((error.cause as Error | undefined)?.message ?? error.message),
  );
  await database.close();
  return outcome;
}

test('a server is believed under its own name, from its own authority alone', async () => {
  const { tls } = await folderOf(ours, 'postgres');
  assert.is(await outcomeOf(byName, tls), 'answers');
  assert.is(await outcomeOf(`${byName}?sslmode=verify-full`, tls), 'answers');
  assert.match(await outcomeOf(byAddress, tls), /IP: 127\.0\.0\.1 is not in the cert's list/);
  const elsewhere = certificateFolder(await issue(ours, 'postgres'), theirs.cert);
  assert.match(await outcomeOf(byName, elsewhere.tls), /unable to verify|self-signed/);
  assert.match(await outcomeOf(`${byName}?sslmode=verify-full`), /unable to verify|self-signed/);
});

test('a connection without TLS is refused, and made only when the address says so', async () => {
  const { tls } = await folderOf(ours, 'postgres');
  assert.match(await outcomeOf(byName), /no encryption/);
  assert.match(await outcomeOf(`${byName}?sslmode=disable`, tls), /no encryption/);
});

test('a client needs a certificate in the name of its role', async () => {
  const { tls } = await folderOf(ours, 'orders');
  assert.match(await outcomeOf(byName, tls), /authentication failed/);
  const serving = await folderOf(ours, 'postgres', { client: false });
  assert.is.not(await outcomeOf(byName, serving.tls), 'answers');
});

test('an address may name the files itself, as those of other clients do', async () => {
  const { path } = await folderOf(ours, 'postgres');
  const files = `sslrootcert=${path}/ca.crt&sslcert=${path}/tls.crt&sslkey=${path}/tls.key`;
  const url = `${byName}?sslmode=verify-full&${files}`;
  assert.is(await outcomeOf(url), 'answers');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
  assert.is(sslOf(`${url}&application_name=x`).url, `${byName}?application_name=x`);
});

test('a pool shows the certificate that is there when it connects', async () => {
  const own = await folderOf(ours, 'postgres');
  const database = await Database.open({
    url: byName,
    tls: own.tls,
    applicationName: 'rotation',
    entities: [],
    poolSizeMax: 1,
  });
  await database.ping();
  own.replace(await issue(ours, 'orders'), ours.cert);
  await database.ping();
  const end = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1';
  const other = await folderOf(ours, 'postgres');
  const admin = await Database.open({
    url: byName,
    tls: other.tls,
    applicationName: 'admin',
    entities: [],
  });
  await admin.single((tx) => tx.query({ name: 'end', text: end }, ['rotation']));
  await database.ping().catch(() => {});
  const refused = await database.ping().then(
    () => 'answers',
    () => 'refused',
  );
  assert.is(refused, 'refused', 'the new certificate is another role’s');
  own.replace(await issue(ours, 'postgres'), ours.cert);
  await database.ping();
  await Promise.all([database.close(), admin.close()]);
});

test.run();
