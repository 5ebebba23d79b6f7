import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { readRetryAfter } from './fetch-transport.ts';
import { usd } from './money.ts';
import { Purser } from './purser.ts';
import { PurserError } from './purser-error.ts';
import { order, scriptedServer } from './scripted-server.ts';

const test = suite('REST of the SDK');

async function errorOf(call: Promise<unknown>): Promise<PurserError> {
  const error = await call.catch((thrown: unknown) => thrown);
  assert.instance(error, PurserError);
  return error as PurserError;
}

test('names go into the path, the rest into query, body and headers', async () => {
  const server = await scriptedServer([{ json: { orders: [], nextPageToken: '' } }]);
  const purser = server.client({ headers: { 'x-proxy': 'yes' } });
  await purser.orders.listEvents('orders/a b%2F?', { pageSize: 7, pageToken: 'x&y=z' }).page();
  await purser.account.get({ asOf: new Date('2026-01-31T12:00:00Z') });
  const sent = server.asked.map(({ method, url }) => `${method} ${url}`);
  assert.equal(sent, [
    'GET /v1/orders/a%20b%252F%3F/events?pageSize=7&pageToken=x%26y%3Dz',
    'GET /v1/account?asOf=2026-01-31T12%3A00%3A00.000Z',
  ]);
  assert.is(server.asked[0]?.headers['x-proxy'], 'yes');
  assert.is(server.asked[0]?.headers['x-user-id'], 'ann');
  await server.stop();
});

test('int64 goes out and comes in as text, a time as a Date', async () => {
  const amountMinor = '9007199254740993';
  const server = await scriptedServer([
    { json: { ...order, amount: { currencyCode: 'USD', amountMinor }, version: amountMinor } },
  ]);
  const { amount, version, createTime, shipment, failureReason, description } = await server
    .client()
    .orders.create({ amount: { currencyCode: 'USD', amountMinor: BigInt(amountMinor) } });
  const sent = JSON.parse(server.asked[0]?.body ?? '') as unknown;
  assert.equal(sent, { amount: { currencyCode: 'USD', amountMinor } });
  assert.is(server.asked[0]?.headers['content-type'], 'application/json');
  assert.equal([amount.amountMinor, version], [9007199254740993n, 9007199254740993n]);
  assert.equal(createTime, new Date('2026-01-31T12:00:00Z'));
  assert.equal([shipment, failureReason, description], [undefined, undefined, '']);
  await server.stop();
});

test('values that this version does not know pass through or are left out', async () => {
  const server = await scriptedServer([
    { json: { ...order, state: 'PACKED', failureReason: 77, later: { anything: [1] } } },
  ]);
  const read = await server.client().orders.get('orders/1');
  assert.equal([read.state, read.failureReason], ['PACKED', '77']);
  assert.not.ok('later' in read);
  await server.stop();
});

test('a problem becomes an error with all that it says', async () => {
  const violations = [{ field: 'amount.amountMinor', description: 'must be at least 1' }];
  const server = await scriptedServer([
    {
      status: 409,
      json: {
        reason: 'ETAG_MISMATCH',
        detail: 'The order has changed.',
        violations,
        metadata: { order: 'orders/1', etag: 'v2' },
      },
      headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' },
    },
  ]);
  const error = await errorOf(server.client({ triesMax: 1 }).orders.cancel('orders/1'));
  assert.equal(
    [error.name, error.message, error.status, error.requestId, error.retryAfterMs],
    ['PurserError', 'The order has changed.', 409, 'request-0', 0],
  );
  assert.equal(error.violations, violations);
  assert.not.ok(error.is('ORDER_NOT_FOUND'));
  assert.ok(error.is('ETAG_MISMATCH'));
  if (error.is('ETAG_MISMATCH')) assert.is(error.metadata.etag satisfies string, 'v2');
  await server.stop();
});

test('an answer that is not Purser’s is an error of its own', async () => {
  const server = await scriptedServer([
    { text: '<html>Welcome!</html>' },
    { status: 404, text: 'nothing here' },
    { status: 400, json: ['reason'] },
    { text: '"text"' },
    { text: 'null' },
    { text: '' },
    { json: { ...order, version: 'many' } },
  ]);
  for (const status of [200, 404, 400, 200, 200, 200, 200]) {
    const error = await errorOf(server.client().orders.get('orders/1'));
    assert.equal([error.reason, error.status], ['UNEXPECTED_ANSWER', status]);
  }
  assert.is(server.asked.length, 7);
  await server.stop();
});

for (const name of [
  'orders/..',
  'orders/.',
  'orders/',
  'orders/a/b',
  'order/a',
  '../account',
  'orders/\ud800',
  '',
]) {
  test(`the name ${JSON.stringify(name)} is refused, for it would be another path`, async () => {
    const server = await scriptedServer([{}]);
    const error = await errorOf(server.client().orders.get(name));
    assert.equal([error.reason, error.violations[0]?.field], ['INVALID_REQUEST', 'name']);
    assert.is(server.asked.length, 0);
    await server.stop();
  });
}

test('the base URL may have a path and a slash, and must be a URL', async () => {
  const server = await scriptedServer([{}]);
  await server.client({ baseUrl: `${server.baseUrl}/shop/api//` }).orders.get('orders/1');
  assert.is(server.asked[0]?.url, '/shop/api/v1/orders/1');
  assert.throws(() => new Purser({ baseUrl: 'localhost', userId: 'ann' }), /Invalid URL/);
  await server.stop();
});

test('a fetch of one’s own is used', async () => {
  const urls: string[] = [];
  const purser = new Purser({
    baseUrl: 'https://shop.example',
    userId: 'ann',
    fetch: async (url, init) => {
      urls.push(`${init.method} ${url}`);
      return new Response(JSON.stringify(order));
    },
  });
  assert.is((await purser.account.topUp({ amount: usd('1') })).name, 'orders/1');
  assert.equal(urls, ['POST https://shop.example/v1/account:topUp']);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  const read = (value: string | null) => readRetryAfter(value, now);
  assert.is(read('3'), 3_000);
  assert.is(read('0'), 0);
  assert.is(read('Sat, 31 Jan 2026 12:00:05 GMT'), 5_000);
  assert.is(read('Sat, 31 Jan 2026 11:00:00 GMT'), 0);
  assert.is(read('soon'), undefined);
  assert.is(read(''), undefined);
  assert.is(read(null), undefined);
});

test.run();
