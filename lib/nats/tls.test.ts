import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { Authority, certificateFolder, folderOf, issue } from '#test/harness/certificates.ts';
import { natsServerBinary, testFileStoreMax } from '#test/harness/servers.ts';
import { testLog } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { startNatsServer } from '../../tools/local/nats-server.ts';
import { Broker } from './broker.ts';

const test = suite('the broker over TLS');

const ours = await Authority.create(1);
const theirs = await Authority.create(1);

async function startServer(tlsFolder: string | undefined) {
  const folder = temporaryFolder();
  return startNatsServer({
    binary: await natsServerBinary(),
    storeDir: resolve(folder, 'nats'),
    port: await freePort(),
    fileStoreMax: testFileStoreMax,
    orphanFolder: folder,
    tlsFolder,
  });
}

const certificate = await folderOf(ours, 'nats', { hosts: ['localhost'] });
const secure = await startServer(certificate.path);
const plain = await startServer(undefined);

test.after(() => Promise.all([secure.stop(), plain.stop()]));

/** Whether there is a connection within the time that a good one takes many times over. */
async function isConnected(url: string, tls?: TlsFolder): Promise<boolean> {
  const broker = new Broker({
    url: url.replace('127.0.0.1', 'localhost'),
    tls,
    name: 'test',
    log: testLog,
    onLost: (error) => assert.unreachable(error.message),
  });
  const timeout = new Promise<false>((settle) => {
    setTimeout(settle, 500, false);
  });
  const outcome = await Promise.race([broker.connected().then(() => true), timeout]);
  await broker.close();
  return outcome;
}

test('each side needs a certificate that the other believes', async () => {
  const { tls } = await folderOf(ours, 'orders');
  assert.is(await isConnected(secure.url, tls), true);
  assert.is(await isConnected(secure.url), false, 'without a certificate');
  const stranger = certificateFolder(await issue(theirs, 'orders'), ours.cert);
  assert.is(await isConnected(secure.url, stranger.tls), false, 'of another authority');
  const believer = certificateFolder(await issue(ours, 'orders'), theirs.cert);
  assert.is(await isConnected(secure.url, believer.tls), false, 'to another authority');
});

test('a server without TLS, or for another host, gets no word', async () => {
  const { tls } = await folderOf(ours, 'orders');
  assert.is(await isConnected(plain.url), true);
  assert.is(await isConnected(plain.url, tls), false);
  assert.is(await isConnected(plain.url.replace('nats:', 'tls:')), false);
  const other = await folderOf(ours, 'nats', { hosts: ['elsewhere'] });
  const impostor = await startServer(other.path);
  assert.is(await isConnected(impostor.url, tls), false);
  await impostor.stop();
});

test.run();
