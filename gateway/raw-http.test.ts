import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { createLogger } from '#lib/log/logger.ts';
import { suite } from '../test/harness/suite.ts';
import {
  startTestGateway,
  startTestServices,
  type TestGateway,
  type TestServices,
} from './test-gateway.ts';

const test = suite('raw HTTP');
const loggedLines: Record<string, unknown>[] = [];
const log = createLogger({
  service: 'test',
  instance: '0',
  level: 'info',
  destination: { write: (text) => void loggedLines.push(JSON.parse(text)) },
});
let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`, {
    log,
    limits: { arrivalMs: 800 },
  });
});
test.before.each(() => {
  services.received.length = 0;
  services.onCall = async () => undefined;
});
test.after(async () => {
  await gateway.stop();
  await services.stop();
});

interface RawReply {
  status: number;
  headers: Map<string, string>;
  body: string;
}

function open(): { socket: Socket; text: () => string; closed: Promise<unknown> } {
  const socket = connect(gateway.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (data) => {
    received += data;
  });
  socket.on('error', () => {});
  return { socket, text: () => received, closed: once(socket, 'close') };
}

/** The replies in what a connection received. */
function repliesIn(text: string): RawReply[] {
  const replies: RawReply[] = [];
  for (let rest = text; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => line.toLowerCase().split(': ', 2) as [string, string]),
    );
    const length = Number(headers.get('content-length') ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    replies.push({ status: Number(statusLine.split(' ')[1]), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return replies;
}

/** Sends the text and waits for the gateway to close the connection. */
async function exchange(text: string): Promise<RawReply[]> {
  const { socket, text: received, closed } = open();
  socket.write(text, 'latin1');
  await closed;
  return repliesIn(received());
}

function checkProblem(reply: RawReply | undefined, status: number, reason: string): void {
  assert.is(reply?.status, status);
  assert.is(reply?.headers.get('content-type'), 'application/problem+json');
  assert.is(reply?.headers.get('cache-control'), 'no-store');
  assert.is(reply?.headers.get('x-content-type-options'), 'nosniff');
  const problem = JSON.parse(reply?.body ?? '') as {
    reason: string;
    status: number;
    requestId: string;
  };
  assert.is(problem.reason, reason);
  assert.is(problem.status, status);
  assert.is(problem.requestId, reply?.headers.get('x-request-id'));
}

const head =
  'POST /v1/orders HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\nContent-Type: application/json\r\n';

const malformed: [what: string, request: string][] = [
  ['is not HTTP', 'hello\r\n\r\n'],
  ['begins like TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  [
    'has both a length and chunks',
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['has two lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['has a length that is no number', `${head}Content-Length: x\r\n\r\n`],
  ['has a negative length', `${head}Content-Length: -1\r\n\r\n`],
  ['has an unknown transfer encoding', `${head}Transfer-Encoding: chunked, x\r\n\r\n`],
  ['folds a header', `${head}X-A: 1\r\n folded\r\n\r\n`],
  ['ends lines with bare LF', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
  ['has a space before a colon', 'GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n'],
  ['has NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: \0\r\n\r\n'],
  ['has a space in its target', 'GET /v1/orders/a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  [
    'has a chunk size that is no number',
    `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  ],
  ['speaks HTTP/9.9', 'GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n'],
];

for (const [what, request] of malformed) {
  test(`a request that ${what} is refused, and the connection closed`, async () => {
    const replies = await exchange(request);
    assert.is(replies.length, 1);
    checkProblem(replies[0], 400, 'MALFORMED_HTTP');
    assert.is(services.received.length, 0);
  });
}

test('headers over 16 KiB are refused', async () => {
  const [reply] = await exchange(
    `GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`,
  );
  checkProblem(reply, 431, 'MALFORMED_HTTP');
});

const close = 'Connection: close\r\n';

test('a request without one host is refused', async () => {
  const [none] = await exchange(`GET /healthz HTTP/1.1\r\n${close}\r\n`);
  checkProblem(none, 400, 'MALFORMED_HTTP');
  const [two] = await exchange(`GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n${close}\r\n`);
  checkProblem(two, 400, 'MALFORMED_HTTP');
  const [old] = await exchange('GET /healthz HTTP/1.0\r\n\r\n');
  assert.is(old?.status, 200);
});

test('a header of which there may be one is refused when there are two', async () => {
  const get = `GET /v1/orders HTTP/1.1\r\nHost: a\r\n${close}`;
  const [users] = await exchange(`${get}X-User-Id: alice\r\nX-User-Id: bob\r\n\r\n`);
  checkProblem(users, 401, 'USER_ID_REQUIRED');
  const [sameUser] = await exchange(`${get}X-User-Id: alice\r\nx-user-id: alice\r\n\r\n`);
  checkProblem(sameUser, 401, 'USER_ID_REQUIRED');
  const body = '{"amount":{"currencyCode":"USD","amountMinor":"1"}}';
  const post = `${head}${close}Content-Length: ${body.length}\r\n`;
  const [keys] = await exchange(`${post}Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n${body}`);
  checkProblem(keys, 400, 'INVALID_REQUEST');
  const action = `POST /v1/orders/7:cancel HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\n${close}`;
  const [tags] = await exchange(`${action}If-Match: "v3"\r\nif-match: "v3"\r\n\r\n`);
  checkProblem(tags, 400, 'INVALID_REQUEST');
  assert.match(tags?.body ?? '', /"field":"If-Match","description":"must not be repeated"/);
  const ignored = 'If-Match: "v3"\r\nIf-Match: "v4"\r\n';
  const [read] = await exchange(`${get}X-User-Id: alice\r\n${ignored}\r\n`);
  assert.is(read?.status, 200);
  services.received.length = 0;
  const [types] = await exchange(`${post}Content-Type: text/plain\r\n\r\n${body}`);
  checkProblem(types, 415, 'UNSUPPORTED_MEDIA_TYPE');
  assert.is(services.received.length, 0);
});

test('a body where none belongs is refused', async () => {
  const get = `GET /v1/orders HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\n${close}`;
  for (const rest of [
    'Content-Length: 2\r\n\r\n{}',
    'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ]) {
    const [reply] = await exchange(get + rest);
    checkProblem(reply, 400, 'INVALID_REQUEST');
    assert.match(reply?.body ?? '', /"field":"body"/);
  }
  const [empty] = await exchange(`${get}Content-Length: 0\r\n\r\n`);
  assert.is(empty?.status, 200);
});

test('an action needs no body, no type and no length', async () => {
  const action = `POST /v1/orders/7:cancel HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\n${close}`;
  for (const rest of ['', 'Content-Length: 0\r\n', 'Content-Type: application/json\r\n']) {
    const [reply] = await exchange(`${action}${rest}\r\n`);
    assert.is(reply?.status, 200, rest);
    assert.is(reply?.headers.get('etag'), '"e1"');
    assert.is(services.received.at(-1)?.method, 'CancelOrder');
  }
});

test('a chunked body is read, and one that grows over 128 KiB is refused', async () => {
  const body = '{"amount":{"currencyCode":"USD","amountMinor":"1"}}';
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const post = `${head}${close}Transfer-Encoding: chunked\r\n\r\n`;
  const [taken] = await exchange(
    `${post}${chunk(body.slice(0, 9))}${chunk(body.slice(9))}0\r\n\r\n`,
  );
  assert.is(taken?.status, 201);
  const [tooLarge] = await exchange(`${post}${chunk(' '.repeat(70_000)).repeat(2)}0\r\n\r\n`);
  checkProblem(tooLarge, 413, 'BODY_TOO_LARGE');
});

test('TRACE is refused and echoes nothing', async () => {
  const [reply] = await exchange(
    `TRACE /v1/orders HTTP/1.1\r\nHost: a\r\nX-A: secret\r\n${close}\r\n`,
  );
  checkProblem(reply, 405, 'METHOD_NOT_ALLOWED');
  assert.not.match(reply?.body ?? '', /secret/);
});

test('a target in absolute form means its path', async () => {
  const [reply] = await exchange(
    `GET http://other.example/healthz?x HTTP/1.1\r\nHost: a\r\n${close}\r\n`,
  );
  assert.is(reply?.status, 200);
});

test('an expectation that nobody knows is not answered without a request id', async () => {
  const [reply] = await exchange(
    `GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n${close}\r\n`,
  );
  assert.is(reply?.status, 200);
  assert.ok(reply?.headers.get('x-request-id'));
});

for (const [what, sent] of [
  ['headers', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: '],
  ['body', `${head}Content-Length: 100\r\n\r\n`],
] as const) {
  test(`${what} that drip in, byte by byte, end in 408`, async () => {
    const { socket, text, closed } = open();
    socket.write(sent);
    const drip = setInterval(() => socket.write('x'), 50);
    const startedMs = performance.now();
    await closed;
    clearInterval(drip);
    assert.ok(performance.now() - startedMs < 3_000);
    checkProblem(repliesIn(text())[0], 408, 'MALFORMED_HTTP');
    await sleep(20);
    const lines = loggedLines.filter(
      ({ requestId }) => requestId === repliesIn(text())[0]?.headers.get('x-request-id'),
    );
    assert.equal(
      lines.map(({ status }) => status),
      [408],
    );
    assert.is(services.received.length, 0);
  });
}

test('a connection that says nothing at all is closed', async () => {
  const { closed, text } = open();
  await closed;
  assert.is(repliesIn(text())[0]?.status ?? 408, 408);
});

test('garbage behind a good request does not take its answer', async () => {
  const entered = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  services.onCall = async () => {
    entered.resolve();
    await finish.promise;
  };
  const { socket, text, closed } = open();
  socket.write('GET /v1/orders/1 HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\n\r\nGARBAGE\r\n\r\n');
  await entered.promise;
  await sleep(50);
  assert.is(text(), '');
  finish.resolve();
  await closed;
  const replies = repliesIn(text());
  assert.equal(
    replies.map(({ status }) => status),
    [200, 400],
  );
  checkProblem(replies[1], 400, 'MALFORMED_HTTP');
});

test('pipelined requests are answered in their order', async () => {
  const get = (path: string, more = '') =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nX-User-Id: alice\r\n${more}\r\n`;
  const replies = await exchange(get('/v1/orders/1') + get('/nowhere') + get('/healthz', close));
  assert.equal(
    replies.map(({ status }) => status),
    [200, 404, 200],
  );
});

test('a refused request closes no connection that another may use', async () => {
  const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
  const replies = await exchange(get('/v1/orders') + get('/v1/orders/%') + get('/healthz', close));
  assert.equal(
    replies.map(({ status }) => status),
    [401, 400, 200],
  );
});

test.run();
