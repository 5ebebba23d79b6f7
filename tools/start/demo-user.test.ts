import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { seedDemoUser, type Gateway } from './demo-user.ts';

const test = suite('demo user');

let server: Server | undefined;
test.after.each(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A gateway that gives these answers in turn, and notes what it is asked. */
async function gatewayOf(answers: [status: number, body: string][]) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    const { method, url, headers } = request;
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { 'x-user-id': user, 'idempotency-key': key = '' } = headers;
      asked.push(`${method} ${url} ${user} ${key} ${body}`);
      const [status, text] = answers.shift() ?? [500, ''];
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway: Gateway = { host: '127.0.0.1', port };
  return { gateway, asked };
}

const money = '{"currencyCode":"USD","amountMinor":"100000"}';
const topUp = `POST /v1/account:topUp demo demo-top-up {"amount":${money}}`;
const create = 'POST /v1/account demo demo-account {"currencyCode":"USD"}';
const find = 'GET /v1/account demo  ';

test('makes the account and gives it money', async () => {
  const { gateway, asked } = await gatewayOf([
    [404, '{}'],
    [201, '{}'],
    [200, '{}'],
  ]);
  await seedDemoUser(gateway);
  assert.equal(asked, [find, create, topUp]);
});

test('gives money to an account that a killed start has left empty', async () => {
  const { gateway, asked } = await gatewayOf([
    [200, '{"ledgerVersion":"0"}'],
    [200, '{}'],
  ]);
  await seedDemoUser(gateway);
  assert.equal(asked, [find, topUp]);
});

test('leaves an account with a history alone', async () => {
  const { gateway, asked } = await gatewayOf([[200, '{"ledgerVersion":"7"}']]);
  await seedDemoUser(gateway);
  assert.equal(asked, [find]);
});

test('repeats what is refused because something is not ready', async () => {
  const statuses = [503, 404, 503, 201, 200];
  const { gateway, asked } = await gatewayOf(statuses.map((status) => [status, '']));
  await seedDemoUser(gateway);
  assert.equal(asked, [find, find, create, create, topUp]);
});

test('says what was refused', async () => {
  const { gateway } = await gatewayOf([
    [404, ''],
    [400, '{"reason":"NO"}'],
  ]);
  const message = await seedDemoUser(gateway).catch((error: Error) => error.message);
  assert.is(message, 'The demo user could not be made: POST /v1/account answered {"reason":"NO"}');
});

test.run();
