import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Random } from '../random.ts';
import { ChaosProxy, type Weather } from './chaos-proxy.ts';

const test = suite('the chaos proxy');

const received: string[] = [];
const echo = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received.push(String(data));
    socket.write(data);
  });
});
echo.listen(0, '127.0.0.1');
await once(echo, 'listening');

const proxy = await ChaosProxy.open((echo.address() as AddressInfo).port, new Random(1));

test.after(() => {
  proxy.close();
  echo.close();
});

interface Caller {
  socket: Socket;
  pieces: string[];
  ended: Promise<string>;
}

async function call(weather: Weather): Promise<Caller> {
  received.length = 0;
  proxy.weather = weather;
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true });
  const pieces: string[] = [];
  socket.on('data', (data) => pieces.push(String(data)));
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? ''));
    socket.on('close', () => resolve('closed'));
  });
  await once(socket, 'connect');
  return { socket, pieces, ended };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(2);
}

test('carries everything both ways in good weather, and ends with its callers', async () => {
  const { socket, pieces, ended } = await call({});
  const text = 'x'.repeat(300_000);
  socket.write(text);
  await until(() => pieces.join('').length === text.length);
  socket.end();
  assert.is(await ended, 'closed');
});

test('delays every piece', async () => {
  const { socket, pieces } = await call({ delayMs: 50 });
  const startedAt = performance.now();
  socket.write('a');
  await until(() => pieces.length > 0);
  assert.ok(performance.now() - startedAt >= 95);
  socket.destroy();
});

test('slices and narrows', async () => {
  const { socket, pieces } = await call({ sliceBytes: 10, bytesPerSecond: 1_000 });
  const startedAt = performance.now();
  socket.write('0123456789'.repeat(5));
  await until(() => pieces.join('').length === 50);
  assert.ok(performance.now() - startedAt >= 50);
  assert.ok(received.length >= 3, `${received.length} pieces`);
  socket.destroy();
});

test('swallows answers while the request arrives, and gives them back afterwards', async () => {
  const { socket, pieces } = await call({ blackHole: 'answers' });
  socket.write('a');
  await until(() => received.length > 0);
  await sleep(30);
  assert.equal(pieces, []);
  assert.ok(proxy.held > 0);
  proxy.weather = {};
  await until(() => pieces.length > 0);
  socket.destroy();
});

test('swallows requests', async () => {
  const { socket } = await call({ blackHole: 'requests' });
  socket.write('a');
  await sleep(30);
  assert.equal(received, []);
  proxy.weather = {};
  await until(() => received.length > 0);
  socket.destroy();
});

test('what is in a connection that is reset is lost', async () => {
  const { socket, pieces, ended } = await call({ blackHole: 'answers' });
  socket.write('a');
  await until(() => received.length > 0);
  const before = proxy.resets;
  proxy.reset();
  assert.is(await ended, 'ECONNRESET');
  assert.is(proxy.resets, before + 1);
  assert.equal(pieces, []);
  const other = await call({ resets: 1 });
  other.socket.write('a');
  assert.is(await other.ended, 'ECONNRESET');
});

test.run();
