import { join } from 'node:path';
import { register } from 'prom-client';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { writeCertificates } from '../../tools/certs/write-certificates.ts';
import { openTlsFolder } from './open-tls-folder.ts';

const test = suite('when the own certificate expires');

async function told(): Promise<number[]> {
  const text = await register.metrics();
  const found = text.matchAll(/^purser_tls_certificate_expiry_seconds (.+)$/gm);
  return [...found].map(([, value]) => Number(value));
}

test('is told of the certificate, and of nothing where there is none', async () => {
  assert.equal(await told(), []);
  const folder = join(temporaryFolder(), 'certificates');
  await writeCertificates(folder, { days: 2 });
  openTlsFolder(join(folder, 'orders'));
  const [expirySeconds = 0, ...others] = await told();
  assert.equal(others, []);
  const leftSeconds = expirySeconds - Date.now() / 1_000;
  assert.ok(Math.abs(leftSeconds - 2 * 86_400) < 60, String(leftSeconds));
  openTlsFolder(undefined);
  assert.equal(await told(), []);
});

test.run();
