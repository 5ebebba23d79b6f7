import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { ComposedSystem } from './system.ts';

const test = suite('what the check of the containers finds left behind');

/** Answers of Docker, by the beginning of what it is asked; everything else is answered empty. */
function dockerAnswers(answers: Record<string, { out?: string; refuses?: string }>): void {
  const folder = join(temporaryFolder(), `docker-${Object.keys(answers).length}-${Math.random()}`);
  mkdirSync(folder);
  const cases = Object.entries(answers).map(([asked, { out = '', refuses = '' }]) => {
    const exit = refuses === '' ? 0 : 1;
    return `"${asked}"*) printf '%s\\n' '${out}'; printf '%s\\n' '${refuses}' >&2; exit ${exit};;`;
  });
  const docker = join(folder, 'docker');
  writeFileSync(docker, ['#!/bin/sh', 'case "$*" in', ...cases, 'esac'].join('\n'));
  chmodSync(docker, 0o755);
  process.env['PATH'] = [folder, path].join(delimiter);
}
const path = process.env['PATH'];
test.after(() => {
  process.env['PATH'] = path;
});

const system = new ComposedSystem({ project: 'p', port: 1 });
const refused = 'error while removing network: network p_calls id 1 has active endpoints';
const oneNetwork = { 'network ls': { out: 'p_calls' }, 'network inspect': { out: '0' } };

test('nothing is nothing', async () => {
  dockerAnswers({});
  assert.equal(await system.leftovers(), { left: [], miscounted: [] });
});

test('containers, volumes, and a network that could be removed', async () => {
  dockerAnswers({
    ...oneNetwork,
    'ps --all --filter label': { out: 'p-orders-1' },
    'volume ls': { out: 'p_orders-data\np_nats-data' },
  });
  const left = [
    'container p-orders-1',
    'volume p_orders-data',
    'volume p_nats-data',
    'network p_calls',
  ];
  assert.equal(await system.leftovers(), { left, miscounted: [] });
});

test('a network that nobody is in and that the engine keeps is its own fault', async () => {
  dockerAnswers({ ...oneNetwork, 'network rm': { refuses: refused } });
  assert.equal(await system.leftovers(), { left: [], miscounted: ['p_calls'] });
});

test('a network with a container in it, running or not, is not', async () => {
  const left = ['network p_calls'];
  const refuses = { 'network rm': { refuses: refused } };
  dockerAnswers({ ...oneNetwork, ...refuses, 'network inspect': { out: '1' } });
  assert.equal(await system.leftovers(), { left, miscounted: [] });
  dockerAnswers({ ...oneNetwork, ...refuses, 'ps --all --quiet': { out: 'c0ffee' } });
  assert.equal(await system.leftovers(), { left, miscounted: [] });
});

test('only a network in use lets down go on', async () => {
  dockerAnswers({ compose: { refuses: refused } });
  await system.down();
  dockerAnswers({ compose: { refuses: 'Cannot connect to the Docker daemon' } });
  const error = await system.down().catch((thrown: Error) => thrown);
  assert.match((error as Error).message, /Cannot connect/);
});

test.run();
