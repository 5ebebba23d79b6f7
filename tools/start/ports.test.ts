import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { freePort } from '../local/free-port.ts';
import { portProblems } from './ports.ts';
import { readSettings, type WantedPort } from './settings.ts';
import type { ServiceEntry } from './services.ts';

const test = suite('ports');

function wanted(port: number, host = '127.0.0.1', variable = 'PURSER_X_PORT'): WantedPort {
  return { port, host, usedBy: 'x-1', variable };
}

async function listen(): Promise<{ server: Server; port: number }> {
  const [server, port] = [createServer(), await freePort()];
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, port };
}

test('a free port is no problem', async () => {
  assert.equal(await portProblems([wanted(await freePort()), wanted(await freePort())]), []);
});

test('a taken port is named with its variable and its process', async () => {
  const { server, port } = await listen();
  const [problem] = await portProblems([wanted(port)]);
  const by = `by .+ \\(process ${process.pid}\\)`;
  const end = 'stop that, or set PURSER_X_PORT to a free port\\.';
  assert.match(problem ?? '', new RegExp(`^Port ${port} \\(x-1\\) is taken ${by}: ${end}$`));
  server.close();
});

test('a port that a connection has for a moment is waited for', async () => {
  const { server, port } = await listen();
  server.on('connection', (socket) => socket.on('error', () => {}));
  const connection = connect({ host: '127.0.0.1', port });
  await once(connection, 'connect');
  const problems = portProblems([wanted(connection.localPort!)]);
  setTimeout(() => connection.resetAndDestroy(), 300);
  assert.equal(await problems, []);
  server.close();
});

test('two uses of one port are told apart from a taken one', async () => {
  const port = await freePort();
  const uses = [wanted(port), { ...wanted(port), usedBy: 'y-1', variable: 'PURSER_Y_PORT' }];
  assert.equal(await portProblems(uses), [
    `Port ${port} is wanted twice, by x-1 and by y-1: change PURSER_X_PORT or PURSER_Y_PORT.`,
  ]);
});

test('a foreign address and a port that does not exist are told', async () => {
  const [address] = await portProblems([wanted(await freePort(), '203.0.113.7')]);
  assert.is(address, 'PURSER_HOST must be an address of this machine, not 203.0.113.7.');
  const [number] = await portProblems([wanted(65_550)]);
  assert.is(number, 'Port 65550 (x-1) does not exist: set PURSER_X_PORT lower.');
});

const services: ServiceEntry[] = [
  { name: 'orders', main: 'main.ts', migrate: 'migrate.ts', edge: false },
  { name: 'gateway', main: 'main.ts', edge: true },
];

test('instance n of a service has the port and 100 (n - 1)', () => {
  const settings = readSettings(services, { PURSER_ORDERS_INSTANCES: '3', PURSER_DATA: '/data' });
  assert.equal(
    settings.instances.map(({ name, port, internalPort }) => [name, port, internalPort]),
    [
      ['orders-1', 50051, 9051],
      ['orders-2', 50151, 9151],
      ['orders-3', 50251, 9251],
      ['gateway-1', 8080, 9080],
    ],
  );
  assert.is(settings.dataFolder, '/data');
  assert.equal(
    settings.ports.slice(0, 4).map(({ port, variable }) => [port, variable]),
    [
      [54329, 'PURSER_POSTGRES_PORT'],
      [42229, 'PURSER_NATS_PORT'],
      [50051, 'PURSER_ORDERS_PORT'],
      [9051, 'PURSER_ORDERS_INTERNAL_PORT'],
    ],
  );
});

test('what listens everywhere is reached at the loopback address', () => {
  const settings = readSettings(services, { PURSER_HOST: '0.0.0.0' });
  assert.equal([settings.host, settings.reachableHost], ['0.0.0.0', '127.0.0.1']);
  assert.is(readSettings(services, { PURSER_HOST: '10.0.0.1' }).reachableHost, '10.0.0.1');
});

test('all wrong variables are told at once', () => {
  const wrong = { PURSER_NATS_PORT: '0', PURSER_HOST: 'a b', PURSER_GATEWAY_INSTANCES: '-1' };
  let message = '';
  try {
    readSettings(services, wrong);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const name of Object.keys(wrong)) assert.match(message, new RegExp(`^${name} must be`, 'm'));
});

test.run();
