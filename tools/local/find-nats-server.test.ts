import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { findNatsServer, type NatsSource } from './find-nats-server.ts';
import { downloadRelease, type Release } from './nats-release.ts';

const test = suite('finding nats-server');

const systemPath = process.env['PATH'];
test.after.each(() => {
  process.env['PATH'] = systemPath;
});

const said: string[] = [];
const search = { progress: (sentence: string) => void said.push(sentence) };

/** A program that only knows its version. */
function fakeServer(folder: string, version: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nats-server');
  writeFileSync(file, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

function sourceOf(version: string): NatsSource {
  return async (folder) => fakeServer(join(folder, 'unpacked'), version);
}

const noSource: NatsSource = () => Promise.reject(new Error('Not here.'));

function never(): Promise<string> {
  throw new Error('must not be asked');
}

test('takes the one on PATH', async () => {
  const [bin, cache] = [temporaryFolder(), temporaryFolder()];
  const server = fakeServer(bin, '2.9.10');
  fakeServer(cache, '2.12.0');
  process.env['PATH'] = `${bin}:/usr/bin:/bin`;
  assert.is(await findNatsServer(cache, search, [never]), server);
});

test('passes over one on PATH that is too old, and says so', async () => {
  const [old, bin] = [temporaryFolder(), temporaryFolder()];
  fakeServer(old, '2.8.4');
  const server = fakeServer(bin, '2.10.1');
  process.env['PATH'] = `${old}:${bin}:/usr/bin:/bin`;
  said.length = 0;
  assert.is(await findNatsServer(temporaryFolder(), search, [never]), server);
  assert.match(said.join(' '), /version 2\.8\.4, older than 2\.9\.0: not used/);
});

test('takes the one it has kept before', async () => {
  const cache = temporaryFolder();
  process.env['PATH'] = '/usr/bin:/bin';
  const first = await findNatsServer(cache, search, [sourceOf('2.12.1')]);
  assert.is(first, join(cache, 'nats-server'));
  assert.is(await findNatsServer(cache, search, [never]), first);
  assert.equal(readdirSync(cache), ['nats-server']);
});

test('asks the sources in their order, and passes over what is no nats-server', async () => {
  const cache = temporaryFolder();
  process.env['PATH'] = '/usr/bin:/bin';
  const wrong: NatsSource = async (folder) => {
    writeFileSync(join(folder, 'file'), 'text');
    return join(folder, 'file');
  };
  const sources = [noSource, wrong, sourceOf('2.8.0'), sourceOf('2.11.0'), never];
  const server = await findNatsServer(cache, search, sources);
  assert.match(readFileSync(server, 'utf8'), /2\.11\.0/);
});

test('says in one sentence what to install when there is none', async () => {
  process.env['PATH'] = '/usr/bin:/bin';
  const work = findNatsServer(temporaryFolder(), search, [noSource]);
  const message = await work.catch((error: Error) => error.message);
  assert.match(message, /^No nats-server 2\.9\.0 or newer can be had\. Install it \(/);
  assert.match(message, /on PATH\. \(Not here\.\)$/);
});

/** A release with one archive, served on this machine. */
async function serveRelease(): Promise<{ server: Server; release: Release; archive: Buffer }> {
  const folder = temporaryFolder();
  const name = `nats-server-v2.99.0-${process.platform}-${releaseArchitecture()}`;
  fakeServer(join(folder, name), '2.99.0');
  execFileSync('tar', ['-czf', join(folder, 'release.tar.gz'), '-C', folder, name]);
  const archive = readFileSync(join(folder, 'release.tar.gz'));
  const server = createServer((request, response) => {
    const known = request.url === `/v2.99.0/${name}.tar.gz`;
    response.writeHead(known ? 200 : 404).end(known ? archive : 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const checksum = createHash('sha256').update(archive).digest('hex');
  const checksums = { [`${process.platform}-${releaseArchitecture()}`]: checksum };
  const release = { version: '2.99.0', baseUrl: `http://127.0.0.1:${port}`, checksums };
  return { server, release, archive };
}

function releaseArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

async function outcome(release: Release): Promise<string> {
  return downloadRelease(temporaryFolder(), search, release).catch((error: Error) => error.message);
}

test('unpacks the official release whose checksum is the pinned one', async () => {
  const { server, release } = await serveRelease();
  const binary = await outcome(release);
  assert.match(execFileSync(binary, { encoding: 'utf8' }), /v2\.99\.0/);
  server.close();
});

test('refuses a release with another checksum, an unknown one, and an absent one', async () => {
  const { server, release } = await serveRelease();
  const [platform] = Object.keys(release.checksums) as [string];
  const other = { ...release, checksums: { [platform]: '0'.repeat(64) } };
  assert.match(await outcome(other), /has the checksum [0-9a-f]{64}, not the pinned one/);
  assert.match(await outcome({ ...release, checksums: {} }), /No release is pinned for/);
  const newer = { ...release, version: '2.99.1' };
  assert.match(await outcome(newer), /answered 404/);
  server.close();
  server.closeAllConnections();
  assert.match(await outcome(release), /cannot be reached/);
});

test.run();
