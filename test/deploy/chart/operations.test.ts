import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { suite } from '#test/harness/suite.ts';
import { findHelm } from '../../../tools/local/find-helm.ts';
import { readProject } from '../compose-file.ts';
import { chartFolder, named, podOf, render } from './render.ts';

const test = suite('operations in the Helm chart');

const found = await findHelm(resolve(process.env['PURSER_DATA'] ?? '.purser', 'cache'));
const helm = found.path ?? '';
if (found.path === undefined) {
  process.stderr.write(`The Helm chart is not rendered: ${found.reason}.\n`);
}
const withHelm = found.path === undefined ? test.skip : test;
const watched = ['orders', 'payments', 'notifications'];

/** What the chart makes of the values, and variables of operations by their names. */
async function operationsOf(values: object) {
  const objects = await render(helm, values);
  const { env } = podOf(named(objects, 'Deployment', 'purser-operations')).containers[0];
  const variable = (name: string) => env.find((entry: { name: string }) => entry.name === name);
  return { objects, variable };
}

withHelm('there are never two at once', async () => {
  const { objects } = await operationsOf({});
  const { replicas, strategy } = named(objects, 'Deployment', 'purser-operations').spec;
  assert.equal({ replicas, strategy }, { replicas: 1, strategy: { type: 'Recreate' } });
});

withHelm('it comes into each database of the chart as its own role', async () => {
  const { objects, variable } = await operationsOf({});
  const secret = 'purser-operations-database';
  assert.is(variable('DATABASE_PASSWORD').valueFrom.secretKeyRef.name, secret);
  for (const name of watched) {
    assert.is(
      variable(`PURSER_${name.toUpperCase()}_DATABASE_URL`).value,
      `postgresql://operations:$(DATABASE_PASSWORD)@purser-${name}-db-rw:5432/${name}`,
    );
    const { roles } = named(objects, 'Cluster', `purser-${name}-db`).spec.managed;
    const role = roles.find((entry: { name: string }) => entry.name === 'operations');
    assert.is(role.passwordSecret.name, secret);
  }
});

withHelm('its addresses of other databases and its key are in Secrets of those names', async () => {
  const { variable } = await operationsOf({
    cloudnativepg: { enabled: false },
    secrets: { operations: 'addresses', operator: 'key' },
  });
  for (const name of watched.map((one) => one.toUpperCase())) {
    const { secretKeyRef } = variable(`PURSER_${name}_DATABASE_URL`).valueFrom;
    assert.equal(secretKeyRef, { name: 'addresses', key: `${name}_URL` });
  }
  const { secretKeyRef } = variable('PURSER_OPERATOR_KEY').valueFrom;
  assert.equal(secretKeyRef, { name: 'key', key: 'PURSER_OPERATOR_KEY' });
});

test('the chart gives the broker the password of each user', () => {
  const defaults = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'), { merge: true });
  const users = readProject('deploy/nats/nats-server.conf').matchAll(/password: \$(\w+)/g);
  const passwords = [...users].map(([, variable = '']) => variable);
  assert.ok(passwords.includes('OPERATIONS_PASSWORD'));
  for (const variable of passwords) {
    const { secretKeyRef } = defaults.nats.container.env[variable]?.valueFrom ?? {};
    assert.equal(secretKeyRef, { name: defaults.secrets.nats, key: variable });
  }
});

test('the broker of the chart permits what the broker of Compose permits', () => {
  const compose = readProject('deploy/nats/nats-server.conf');
  const block = compose.slice(compose.indexOf('# What each service may do'));
  assert.is(readFileSync(join(chartFolder, 'files/nats-authorization.conf'), 'utf8'), block);
});

test.run();
