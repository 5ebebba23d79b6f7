import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { TlsFolder } from '#lib/tls/tls-folder.ts';
import { suite } from '#test/harness/suite.ts';
import { natsServerBinary } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { writeCertificates } from '../../tools/certs/write-certificates.ts';
import { services } from '../../tools/start/services.ts';
import { readComposeFile, readProject, type ComposeFile, type Container } from './compose-file.ts';

const test = suite('deploy/compose.tls.yml');

const plain = readComposeFile();
const secure = parse(readProject('deploy/compose.tls.yml'), { merge: true }) as ComposeFile;
const folder = '/run/purser/tls';

function container(name: string): Container {
  const found = secure.services[name];
  if (found === undefined) throw new Error(`deploy/compose.tls.yml has no service ${name}`);
  return found;
}

/** Which certificate each container gets, by the name of its volume. */
const installed = new Map(
  container('certificates').volumes?.flatMap((volume) => {
    const [from = '', to = ''] = volume.split(':');
    return to.startsWith('/to/') ? [[from, to.slice('/to/'.length)] as const] : [];
  }),
);

/** The certificate that a container has, by its name; it has no other. */
function certificateOf(name: string): string | undefined {
  const volumes = container(name).volumes ?? [];
  assert.is(volumes.length, 1, name);
  const [volume = '', target, mode] = volumes[0]!.split(':');
  assert.equal([target, mode], [folder, 'ro'], name);
  assert.ok(volume in secure.volumes, volume);
  assert.is(container(name).depends_on?.['certificates']?.condition, completed, name);
  return installed.get(volume);
}
const completed = 'service_completed_successfully';

for (const { name, migrate, edge } of services) {
  // The store front serves public pages, and calls nobody.
  if (edge && name !== 'gateway') continue;

  test(`${name} shows its own certificate to everybody`, () => {
    assert.is(container(name).environment?.['PURSER_TLS_FOLDER'], folder);
    assert.is(certificateOf(name), name);
    if (migrate === undefined) return;
    assert.is(container(`${name}-migrate`).environment?.['PURSER_TLS_FOLDER'], folder);
    assert.is(certificateOf(`${name}-migrate`), `${name}_owner`);
    const database = container(`${name}-db`);
    assert.is(certificateOf(`${name}-db`), 'database');
    assert.ok(database.command?.includes('-cssl=on'));
    assert.ok(database.command?.includes('-chba_file=/etc/purser/pg_hba.conf'));
  });
}

test('every container that the file speaks of is one of docker-compose.yml', () => {
  const names = Object.keys(secure.services).filter((name) => name !== 'certificates');
  assert.equal(
    names.filter((name) => !(name in plain.services)),
    [],
  );
  assert.is(certificateOf('nats'), 'nats');
});

test('the rules of PostgreSQL let nobody in over the network without a certificate', () => {
  const rules = readProject('deploy/postgres/pg_hba.tls.conf')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  assert.equal(
    rules.filter(([type]) => type !== 'local'),
    [['hostssl', 'all', 'all', 'all', 'scram-sha-256', 'clientcert=verify-full']],
  );
});

test('nats-server takes its configuration, and npm run certs makes every certificate', async () => {
  const temporary = temporaryFolder();
  const certificates = join(temporary, 'certificates');
  const made = await writeCertificates(certificates, { days: 1 });
  for (const name of installed.values()) assert.ok(made.includes(name), name);
  mkdirSync(join(temporary, 'nats'));
  for (const name of ['nats-server.conf', 'nats-server.tls.conf']) {
    const text = readProject(`deploy/nats/${name}`)
      .replaceAll(folder, join(certificates, 'nats'))
      .replace('"/data"', JSON.stringify(join(temporary, 'streams')))
      // Debian's 2.9 does not know it.
      .replace('sync_interval: always', '');
    writeFileSync(join(temporary, 'nats', name), text);
  }
  const passwords = ['ORDERS', 'PAYMENTS', 'NOTIFICATIONS', 'OPERATIONS'];
  const env = Object.fromEntries(passwords.map((name) => [`${name}_PASSWORD`, 'secret']));
  const args = ['-t', '-c', join(temporary, 'nats', 'nats-server.tls.conf')];
  execFileSync(await natsServerBinary(), args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  assert.ok(new TlsFolder(join(certificates, 'nats')).expirySeconds() > Date.now() / 1_000);
});

test.run();
