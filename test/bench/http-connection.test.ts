import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { HttpConnection, requestOf } from './http-connection.ts';

const test = suite('the HTTP connection of the load generator');

async function serverThat(answer: (socket: Socket, request: string) => void) {
  const server = createServer((socket) => {
    socket.on('data', (chunk) => answer(socket, String(chunk))).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}`), close: () => server.close() };
}

test('sends what a server reads as HTTP', () => {
  const request = requestOf('POST', '/v1/orders', { 'X-User-Id': 'demo' }, { text: 'ü' });
  assert.is(
    request,
    'POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nX-User-Id: demo\r\n' +
      'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"text":"ü"}',
  );
});

test('puts replies together that come in pieces', async () => {
  const reply = 'HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\n"ü"';
  const bytes = Buffer.from(reply);
  const server = await serverThat((socket) => {
    for (const byte of bytes) socket.write(Buffer.of(byte));
  });
  const connection = await HttpConnection.open(server.url);
  for (let n = 0; n < 3; n += 1) {
    assert.equal(await connection.send('GET / HTTP/1.1\r\n\r\n'), { status: 201, body: '"ü"' });
  }
  connection.close();
  server.close();
});

test('fails the call when the server goes away, or says no length', async () => {
  const gone = await serverThat((socket) => socket.destroy());
  const mute = await serverThat((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  for (const { url, close } of [gone, mute]) {
    const connection = await HttpConnection.open(url);
    const error = await connection.send('GET / HTTP/1.1\r\n\r\n').catch((reason) => reason);
    assert.instance(error, Error);
    close();
    const later = await connection.send('GET / HTTP/1.1\r\n\r\n').catch((reason) => reason);
    assert.instance(later, Error);
  }
});

test('opens a connection again that the server closed after its answer', async () => {
  const server = await serverThat((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1');
  });
  const connection = await HttpConnection.open(server.url);
  for (let n = 0; n < 2; n += 1) {
    assert.equal(await connection.send('GET / HTTP/1.1\r\n\r\n'), { status: 200, body: '1' });
    await new Promise((resume) => setTimeout(resume, 50));
  }
  connection.close();
  server.close();
});

test.run();
