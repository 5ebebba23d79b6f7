import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import * as assert from 'uvu/assert';
import { WebSocket, WebSocketServer } from 'ws';
import { suite } from '#test/harness/suite.ts';
import { freePort } from '../tools/local/free-port.ts';
import { type Problem, startTestGateway } from './test-gateway.ts';

const test = suite('WebSockets through the gateway');

/**
 * Stands for an instance of Notifications: repeats what it is told, with its own name before it.
 */
interface Instance {
  address: { host: string; port: number };
  requests: IncomingMessage[];
  /** Answers the next handshakes with this status instead. */
  refuseWith: number | undefined;
  sockets: Set<WebSocket>;
  stop(): Promise<void>;
}

async function startInstance(name: string): Promise<Instance> {
  const server: Server = createServer();
  const upgrader = new WebSocketServer({ noServer: true });
  const instance: Instance = {
    address: { host: '127.0.0.1', port: 0 },
    requests: [],
    refuseWith: undefined,
    sockets: upgrader.clients,
    async stop() {
      for (const socket of upgrader.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
  server.on('upgrade', (request, socket, head) => {
    instance.requests.push(request);
    if (instance.refuseWith !== undefined) {
      const body = '{"reason":"WHATEVER"}';
      socket.end(
        `HTTP/1.1 ${instance.refuseWith} No\r\ncontent-type: application/problem+json\r\n` +
          `content-length: ${body.length}\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data) => webSocket.send(`${name}: ${String(data)}`));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  instance.address.port = (server.address() as AddressInfo).port;
  return instance;
}

const [first, second] = [await startInstance('first'), await startInstance('second')];
const gateway = await startTestGateway('127.0.0.1:1', {
  liveTargets: [first.address, second.address],
});

test.after(async () => {
  await gateway.stop();
  await Promise.all([first.stop(), second.stop()]);
});

test.before.each(() => {
  for (const instance of [first, second]) {
    instance.requests.length = 0;
    instance.refuseWith = undefined;
  }
});

function open(
  { port }: { port: number },
  headers: Record<string, string | string[]> = {},
  query = '',
): WebSocket {
  const options = { headers: headers as Record<string, string> };
  return new WebSocket(`ws://127.0.0.1:${port}/v1/live${query}`, options);
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(text);
  return String((await answer)[0]);
}

/** The problem that a handshake was refused with, and its headers. */
async function refusal(
  socket: WebSocket,
): Promise<{ status: number; headers: IncomingMessage['headers']; problem: Problem }> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  const { statusCode: status = 0, headers } = response;
  return { status, headers, problem: JSON.parse(body) as Problem };
}

test('carries frames both ways, turn by turn to each instance', async () => {
  const sockets = [open(gateway), open(gateway)];
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const answers = await Promise.all(sockets.map((socket) => echo(socket, 'hello')));
  assert.equal(answers.toSorted(), ['first: hello', 'second: hello']);
  const large = 'x'.repeat(300_000);
  assert.is((await echo(sockets[0]!, large)).length, large.length + answers[0]!.length - 5);
  for (const socket of sockets) socket.close();
});

test('passes on who asks and from where, and nothing else that the caller said', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const headers = {
    'x-user-id': 'alice',
    origin: 'https://shop.example',
    traceparent,
    'x-user-role': 'staff',
    'x-request-id': 'chosen-by-caller',
    'x-forwarded-for': '1.2.3.4',
    cookie: 'a=b',
    authorization: 'Bearer x',
  };
  const socket = open(gateway, headers, '?ticket=abc');
  await once(socket, 'open');
  const [request] = [...first.requests, ...second.requests];
  const {
    'x-request-id': requestId,
    'sec-websocket-key': key,
    ...passed
  } = request!.headers as Record<string, string>;
  assert.match(requestId!, /^[0-9a-f-]{36}$/);
  assert.ok(key);
  assert.equal(passed, {
    host: `127.0.0.1:${gateway.port}`,
    origin: 'https://shop.example',
    'x-user-id': 'alice',
    traceparent,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
  });
  assert.is(request!.url, '/v1/live?ticket=abc');
  socket.close();
});

test('refuses a user id that is repeated or malformed, and asks nobody', async () => {
  for (const value of [['alice', 'bob'], 'alice, bob', '']) {
    const { status, problem } = await refusal(open(gateway, { 'x-user-id': value }));
    assert.equal([status, problem.reason], [401, 'USER_ID_REQUIRED'], String(value));
  }
  assert.is(first.requests.length + second.requests.length, 0);
});

test('hands a refusal through, and of its headers only the known ones', async () => {
  first.refuseWith = 403;
  second.refuseWith = 403;
  const { status, headers, problem } = await refusal(open(gateway));
  assert.equal([status, problem.reason], [403, 'WHATEVER']);
  assert.is(headers['content-type'], 'application/problem+json');
  assert.is(headers['set-cookie'], undefined);
  assert.match(headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
});

test('goes to the next instance when one is stopping, is not there or stays silent', async () => {
  first.refuseWith = 503;
  const silent = createServer().on('upgrade', () => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const other = await startTestGateway('127.0.0.1:1', {
    liveTargets: [
      first.address,
      { host: '127.0.0.1', port: await freePort() },
      { host: '127.0.0.1', port: (silent.address() as AddressInfo).port },
      second.address,
    ],
  });
  for (let round = 0; round < 4; round += 1) {
    const socket = open(other);
    await once(socket, 'open');
    assert.is(await echo(socket, String(round)), `second: ${round}`);
    socket.terminate();
  }
  await other.stop();
  silent.close();
  silent.closeAllConnections();
});

test('answers 503 when no instance answers', async () => {
  const other = await startTestGateway('127.0.0.1:1', {
    liveTargets: [{ host: '127.0.0.1', port: await freePort() }],
  });
  const { status, problem, headers } = await refusal(open(other));
  assert.equal([status, problem.reason], [503, 'DEPENDENCY_UNAVAILABLE']);
  assert.ok(headers['retry-after']);
  await other.stop();
});

test('close codes come through from both sides', async () => {
  const socket = open(gateway);
  await once(socket, 'open');
  const [peer] = [...first.sockets, ...second.sockets];
  peer!.close(1013, 'too slow');
  const [code, reason] = await once(socket, 'close');
  assert.equal([code, String(reason)], [1013, 'too slow']);
  const another = open(gateway);
  await once(another, 'open');
  const [its] = [...first.sockets, ...second.sockets].filter(({ readyState }) => readyState === 1);
  const closed = once(its!, 'close');
  another.close(4001, 'bye');
  assert.equal((await closed).map(String), ['4001', 'bye']);
});

test('a client that vanishes, and an instance that dies, leave nothing open', async () => {
  const socket = open(gateway);
  await once(socket, 'open');
  const [peer] = [...first.sockets, ...second.sockets].filter(({ readyState }) => readyState === 1);
  const closed = once(peer!, 'close');
  socket.terminate();
  await closed;
  const another = open(gateway);
  await once(another, 'open');
  const gone = once(another, 'close');
  for (const one of [...first.sockets, ...second.sockets]) one.terminate();
  assert.is((await gone)[0], 1006);
});

test('stops at once although WebSockets are open', async () => {
  const other = await startTestGateway('127.0.0.1:1', { liveTargets: [first.address] });
  const socket = open(other);
  await once(socket, 'open');
  const gone = once(socket, 'close');
  const startedMs = performance.now();
  await other.stop();
  assert.is((await gone)[0], 1006);
  assert.ok(performance.now() - startedMs < 2_000);
});

test('a plain request to the path is told what to do', async () => {
  const response = await gateway.ask('/v1/live');
  const problem = (await response.json()) as Problem;
  assert.equal([response.status, problem.reason], [426, 'WEBSOCKET_REQUIRED']);
  assert.is(response.headers.get('upgrade'), 'websocket');
  const post = await gateway.ask('/v1/live', { method: 'POST' });
  assert.equal([post.status, post.headers.get('allow')], [405, 'GET, HEAD, OPTIONS']);
});

test('an upgrade to anything else is a request without one', async () => {
  for (const [path, upgrade] of [
    ['/healthz', 'h2c'],
    ['/healthz', 'websocket'],
  ] as const) {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.end(
      `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\n` +
        `upgrade: ${upgrade}\r\n\r\n`,
    );
    let answer = '';
    for await (const part of socket) answer += String(part);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/, `${path} ${upgrade}`);
  }
});

test.run();
