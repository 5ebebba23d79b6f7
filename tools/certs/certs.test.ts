import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const test = suite('npm run certs');

const folder = join(temporaryFolder(), 'certificates');
const script = resolve(import.meta.dirname, 'main.ts');
const certs = (...args: string[]) => runProgram(process.execPath, [script, ...args]);
const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');

test('makes certificates that only their owner can use', async () => {
  const { exit, output } = await certs('--out', folder, '--days', '7');
  assert.is(exit, 0, output);
  assert.match(output, /Certificates for 7 days in .*orders, payments/);
  const orders = new X509Certificate(read('orders', 'tls.crt'));
  const authority = new X509Certificate(read('orders', 'ca.crt'));
  assert.ok(orders.verify(authority.publicKey));
  assert.is(orders.subject, 'CN=orders');
  assert.match(orders.subjectAltName ?? '', /^URI:spiffe:\/\/purser\/orders, DNS:orders, /);
  assert.not(orders.ca);
  const days = (orders.validToDate.getTime() - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days < 7.1, String(days));
  assert.is(statSync(folder).mode & 0o777, 0o700);
  for (const name of ['authority', 'orders', 'gateway', 'postgres']) {
    assert.is(statSync(join(folder, name, 'tls.key')).mode & 0o777, 0o600, name);
  }
});

test('a second run renews them under the same authority', async () => {
  const [authority, before] = [read('orders', 'ca.crt'), read('orders', 'tls.crt')];
  assert.is((await certs('--out', folder)).exit, 0);
  assert.is(read('orders', 'ca.crt'), authority);
  assert.is.not(read('orders', 'tls.crt'), before);
});

test('says what is wrong with its arguments', async () => {
  for (const args of [
    ['--days', '91'],
    ['--days', 'x'],
    ['--for', 'me'],
  ]) {
    const { exit, output } = await certs(...args);
    assert.is(exit, 2);
    assert.match(output, /Usage: npm run certs -- \[--out FOLDER\]/);
  }
});

test.run();
