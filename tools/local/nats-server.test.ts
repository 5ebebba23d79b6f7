import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { natsServerBinary } from '#test/harness/servers.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from './free-port.ts';
import { isAtLeast, renderNatsConfig } from './nats-config.ts';
import { startNatsServer, type NatsServer } from './nats-server.ts';

const test = suite('local nats-server');

const root = temporaryFolder();
const storeDir = join(root, 'nats');
let binary = '';
let port = 0;

test.before(
  async () => {
    [binary, port] = [await natsServerBinary(), await freePort()];
  },
  { timeoutMs: 120_000 },
);

function start(): Promise<NatsServer> {
  return startNatsServer({ binary, storeDir, port });
}

async function countMessages(server: NatsServer, publish: number): Promise<number> {
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'KEPT', subjects: ['kept'] });
  for (let left = publish; left > 0; left -= 1) await jetstream(connection).publish('kept', 'x');
  const { state } = await manager.streams.info('KEPT');
  await connection.close();
  return state.messages;
}

test('keeps its streams over a stop, and over a kill', async () => {
  const first = await start();
  assert.is(await countMessages(first, 2), 2);
  await first.stop();
  const second = await start();
  assert.is(await countMessages(second, 1), 3);
  await second.kill();
  const third = await start();
  assert.is(await countMessages(third, 0), 3);
  await third.stop();
});

test('replaces a server that an earlier run has left on the folder', async () => {
  const left = await start();
  const server = await start();
  await left.exited;
  assert.is(await countMessages(server, 0), 3);
  await server.stop();
});

test('leaves alone a program that has the number of an earlier run', async () => {
  writeFileSync(join(storeDir, 'nats-server.pid'), `${process.pid}\n`);
  const server = await start();
  assert.is(readFileSync(join(storeDir, 'nats-server.pid'), 'utf8'), String(server.pid));
  await server.stop();
});

test('says why it cannot start', async () => {
  const server = await start();
  const other = startNatsServer({ binary, storeDir: join(root, 'other'), port });
  const message = await other.then(String, (error: Error) => error.message);
  assert.match(message, /nats-server did not start[\s\S]*address already in use/);
  await server.stop();
});

test('refuses a program that is no nats-server', async () => {
  const work = startNatsServer({ binary: process.execPath, storeDir, port });
  const message = await work.then(String, (error: Error) => error.message);
  assert.match(message, /is not a nats-server/);
});

const options = {
  name: 'purser-1',
  port: 4222,
  storeDir: '/data/a "b"',
  pidFile: '/data/pid',
  fileStoreMax: '8GB',
};

test('asks for a flush of every message wherever the server can do it', () => {
  assert.match(renderNatsConfig({ ...options, version: '2.10.0' }), /^ {2}sync_interval: always$/m);
  assert.match(renderNatsConfig({ ...options, version: '2.12.2-RC.1' }), /sync_interval: always/);
  // 2.9 refuses to start with it.
  assert.not.match(renderNatsConfig({ ...options, version: '2.9.25' }), /sync_interval/);
});

test('listens on the loopback address only, and bounds its disk', () => {
  const config = renderNatsConfig({ ...options, version: '2.9.10' });
  assert.match(config, /^listen: "127\.0\.0\.1:4222"$/m);
  assert.match(config, /^ {2}max_file_store: 8GB$/m);
  assert.match(config, /^ {2}store_dir: "\/data\/a \\"b\\""$/m);
});

for (const [version, minimum, expected] of [
  ['2.9.10', '2.9.0', true],
  ['2.10.0', '2.9.9', true],
  ['3.0.0', '2.9.0', true],
  ['2.9.0', '2.9.0', true],
  ['2.8.9', '2.9.0', false],
  ['1.99.0', '2.9.0', false],
  ['2.9', '2.9.1', false],
] as const) {
  test(`${version} is ${expected ? '' : 'not '}at least ${minimum}`, () => {
    assert.is(isAtLeast(version, minimum), expected);
  });
}

test.run();
