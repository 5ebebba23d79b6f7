import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../local/free-port.ts';
import { lockDataFolder } from '../start/run-lock.ts';
import { services } from '../start/services.ts';
import { readSettings } from '../start/settings.ts';
import {
  lookAtCluster,
  lookAtDataFolder,
  lookAtNats,
  lookForLeftovers,
  sharedMemoryBytes,
} from './look.ts';

const test = suite('npm run doctor');

const projectFolder = resolve(import.meta.dirname, '../..');
const doctor = join(projectFolder, 'tools/doctor/main.mjs');

/** A data folder of its own, and ports that are free, whatever runs on this machine. */
async function ownPlace(): Promise<NodeJS.Dict<string>> {
  const place: NodeJS.Dict<string> = { PURSER_DATA: join(temporaryFolder(), 'data') };
  const taken = new Set<string>();
  for (const { variable } of readSettings(services, {}).ports) {
    // The system may give a port that was just let go of again.
    let port = String(await freePort());
    while (taken.has(port)) port = String(await freePort());
    taken.add(port);
    place[variable] = port;
  }
  return place;
}

async function run(environment: NodeJS.Dict<string>, { script = doctor, options = [''] } = {}) {
  const args = [...options.filter((option) => option !== ''), script];
  const { exit, output } = await runProgram(process.execPath, args, {
    cwd: projectFolder,
    env: { ...process.env, npm_config_user_agent: 'npm/11.0.0 node/v26', ...environment },
  });
  const problems = output.split('\n').filter((line) => line.startsWith('problem '));
  return { exit, output, problems };
}

test('a machine that can run Purser: every line says so, nothing is made, exit 0', async () => {
  const place = await ownPlace();
  const { exit, output, problems } = await run(place);
  assert.equal(problems, [], output);
  assert.is(exit, 0);
  assert.match(output, /^ok +The variables of all services can be read\.$/m);
  for (const line of output.trim().split('\n').slice(0, -2))
    assert.match(line, /^(ok|warning) +\S/);
  assert.match(output, /^ok +npm 11\.0\.0\.$/m);
  assert.match(output, /^ok +postgres \(PostgreSQL\) 18/m);
  const ports = /^ok +The ports of npm start are free: (.*)\.$/m.exec(output)?.[1] ?? '';
  const wanted = readSettings(services, place).ports.map(({ port }) => String(port));
  assert.equal(ports.split(', ').toSorted(), wanted.toSorted());
  // PostgreSQL, nats-server, two of each process, and one more for WebSockets.
  assert.is(wanted.length, 2 + 2 * services.length + 1);
  assert.match(output, /^npm start can work here\.$/m);
  assert.not(existsSync(place['PURSER_DATA']!));
});

test('a port that is taken and a wrong variable are problems, each in words, exit 1', async () => {
  const place = await ownPlace();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const taken = await run({ ...place, PURSER_GATEWAY_PORT: String(port) });
  server.close();
  assert.is(taken.exit, 1);
  assert.is(taken.problems.length, 1);
  assert.match(taken.problems.join(), new RegExp(`Port ${port} .*PURSER_GATEWAY_PORT`));
  const wrong = await run({ ...place, PURSER_NATS_PORT: 'nats' });
  assert.is(wrong.exit, 1);
  assert.match(wrong.problems.join(), /PURSER_NATS_PORT must be a whole number/);
});

test('a variable that a service would refuse is a problem, told once', async () => {
  const place = await ownPlace();
  const { exit, problems } = await run({ ...place, PURSER_TRACING: 'x', PURSER_REFLECTION: 'y' });
  assert.is(exit, 1);
  assert.is(problems.length, 2);
  assert.match(problems.join(), /PURSER_TRACING must be off, otlp, or file/);
  assert.match(problems.join(), /PURSER_REFLECTION must be/);
});

test('databases that this PostgreSQL cannot open are a problem', () => {
  const folder = temporaryFolder();
  const cluster = join(folder, 'postgres/cluster');
  assert.equal(lookAtCluster(folder), []);
  mkdirSync(cluster, { recursive: true });
  writeFileSync(join(cluster, 'PG_VERSION'), '17\n');
  writeFileSync(join(folder, 'postgres/password'), 'secret\n');
  assert.match(lookAtCluster(folder)[0]?.sentence ?? '', /written by PostgreSQL 17/);
  writeFileSync(join(cluster, 'PG_VERSION'), '18\n');
  assert.equal(lookAtCluster(folder), []);
  rmSync(join(folder, 'postgres/password'));
  assert.match(lookAtCluster(folder)[0]?.sentence ?? '', /password is missing/);
});

test('an old Node is a problem', async () => {
  const versions = `Object.defineProperty(process, 'versions', { value: { node: '18.20.1' } })`;
  const options = ['--import', `data:text/javascript,${encodeURIComponent(versions)}`];
  const { exit, problems } = await run(await ownPlace(), { options });
  assert.is(exit, 1);
  assert.match(problems.join(), /Node 18\.20\.1 is too old\. Install Node 20 or newer/);
});

test('without packages it says how to get them', async () => {
  const folder = join(temporaryFolder(), 'tools/doctor');
  mkdirSync(folder, { recursive: true });
  copyFileSync(doctor, join(folder, 'main.mjs'));
  const { exit, output } = await run({}, { script: join(folder, 'main.mjs') });
  assert.is(exit, 0);
  assert.match(output, /^warning +The packages are not installed\. npm ci installs them/m);
});

test('an npm start that runs on the data folder is told, with its process', () => {
  const folder = temporaryFolder();
  assert.is(lookForLeftovers(folder).level, 'ok');
  const unlock = lockDataFolder(folder);
  const { level, sentence } = lookForLeftovers(folder);
  assert.is(level, 'warning');
  assert.match(sentence, `process ${process.pid}`);
  unlock();
  assert.is(lookForLeftovers(folder).level, 'ok');
});

test('a PostgreSQL that a killed run has left is told', () => {
  const folder = temporaryFolder();
  lockDataFolder(folder)();
  mkdirSync(join(folder, 'postgres/cluster'), { recursive: true });
  writeFileSync(join(folder, 'postgres/cluster/postmaster.pid'), `${process.pid}\n`);
  assert.match(lookForLeftovers(folder).sentence, `PostgreSQL (process ${process.pid})`);
});

test('a data folder that is a file is a problem', () => {
  const file = join(temporaryFolder(), 'data');
  writeFileSync(file, '');
  assert.is(lookAtDataFolder(file).level, 'problem');
  assert.is(lookAtDataFolder(join(file, 'inside')).level, 'problem');
  assert.is(lookAtDataFolder(join(temporaryFolder(), 'new')).level, 'ok');
});

test('no nats-server yet is a warning that says what will happen', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '';
  const { level, sentence } = await lookAtNats(temporaryFolder());
  process.env['PATH'] = path;
  assert.is(level, 'warning');
  assert.match(sentence, /npm start fetches one/);
});

test('shared memory that is not there has no size', () => {
  assert.is(sharedMemoryBytes(join(temporaryFolder(), 'nothing')), undefined);
  assert.type(sharedMemoryBytes(temporaryFolder()), 'number');
});

test.run();
