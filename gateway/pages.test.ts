import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { freePort } from '../tools/local/free-port.ts';
import { problemOf, startTestGateway, startTestServices } from './test-gateway.ts';

const test = suite('pages through the gateway');

const received: IncomingMessage[] = [];
const front = createServer((request, response) => {
  received.push(request);
  if (request.url === '/broken') return void request.socket.destroy();
  if (request.headers['if-none-match'] === '"1"') return void response.writeHead(304).end();
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': "default-src 'none'",
    etag: '"1"',
    'x-internal': 'not for the world',
    'set-cookie': 'a=b',
  });
  response.end(`the page at ${request.url}`);
});
front.listen(0, '127.0.0.1');
await once(front, 'listening');
const services = await startTestServices();
const pages = { host: '127.0.0.1', port: (front.address() as AddressInfo).port };
const gateway = await startTestGateway(`127.0.0.1:${services.port}`, { pages });

test.after(async () => {
  await gateway.stop();
  await services.stop();
  front.closeAllConnections();
  front.close();
});

test('the store front answers for what no operation answers for', async () => {
  for (const path of ['/', '/orders/018f?a=b', '/assets/index-1.js', '/v1x', '/docsify']) {
    const response = await gateway.ask(path, { headers: {} });
    assert.is(response.status, 200, path);
    assert.is(await response.text(), `the page at ${path}`);
    assert.is(response.headers.get('cache-control'), 'no-cache');
    assert.is(response.headers.get('content-security-policy'), "default-src 'none'");
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.is(response.headers.get('x-internal'), null);
    assert.is(response.headers.get('set-cookie'), null);
  }
});

test('nothing that says who is asking goes on', async () => {
  received.length = 0;
  const headers = {
    'x-user-id': 'alice',
    'x-user-role': 'staff',
    authorization: 'Bearer x',
    cookie: 'a=b',
    'x-forwarded-for': '1.2.3.4',
    accept: 'text/html',
    'accept-encoding': 'br',
  };
  await (await gateway.ask('/', { headers })).text();
  const names = Object.keys(received[0]?.headers ?? {}).toSorted();
  assert.equal(
    names.filter((name) => !name.startsWith('sec-fetch-')),
    ['accept', 'accept-encoding', 'connection', 'host'],
  );
});

test('a page that the browser has is not sent again, and HEAD has no body', async () => {
  const kept = await gateway.ask('/', { headers: { 'if-none-match': '"1"' } });
  assert.is(kept.status, 304);
  const head = await gateway.ask('/', { method: 'HEAD', headers: {} });
  assert.equal([head.status, await head.text()], [200, '']);
});

test('the gateway’s own paths stay its own', async () => {
  received.length = 0;
  for (const path of ['/v1', '/v1/nothing', '/v2/orders', '/docs/nothing', '/openapi.yaml']) {
    const problem = await problemOf(await gateway.ask(path));
    assert.is(problem.reason, 'ROUTE_NOT_FOUND', path);
  }
  for (const path of ['/healthz', '/readyz', '/docs/errors', '/v1/account']) {
    assert.is((await gateway.ask(path)).status, 200, path);
  }
  assert.is(received.length, 0);
});

test('pages are only read', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const problem = await problemOf(await gateway.ask('/', { method, headers: {} }));
    assert.is(problem.reason, 'ROUTE_NOT_FOUND', method);
  }
});

test('a store front that does not answer is a problem, and the API goes on', async () => {
  const target = { host: '127.0.0.1', port: await freePort() };
  const alone = await startTestGateway(`127.0.0.1:${services.port}`, { pages: target });
  const problem = await problemOf(await alone.ask('/'));
  assert.equal([problem.status, problem.reason], [503, 'DEPENDENCY_UNAVAILABLE']);
  assert.is((await alone.ask('/v1/account')).status, 200);
  await alone.stop();
  assert.is((await problemOf(await gateway.ask('/broken'))).status, 503);
});

test('without a store front there is nothing at its paths', async () => {
  const alone = await startTestGateway(`127.0.0.1:${services.port}`);
  assert.is((await problemOf(await alone.ask('/'))).reason, 'ROUTE_NOT_FOUND');
  await alone.stop();
});

test.run();
