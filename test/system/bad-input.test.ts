import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { finalOrders, restClient, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('bad input over REST');

const system = await startSystem();

test.after(async () => {
  assert.is(await system.stop(), 0);
});

interface Attempt {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

const good = { 'x-user-id': 'sloppy', 'content-type': 'application/json' };

async function send({ method = 'POST', path = '/v1/orders', headers = good, body }: Attempt) {
  const response = await fetch(`${system.url}${path}`, { method, headers, ...(body && { body }) });
  const problem = (await response.json()) as any;
  return { status: response.status, headers: response.headers, problem };
}

const order = (amountMinor: unknown, more = {}) =>
  JSON.stringify({ amount: { currencyCode: 'USD', amountMinor }, ...more });
const noUser = { 'content-type': 'application/json' };

// What is sent; status, reason, and the fields at fault.
const table: [name: string, Attempt, status: number, reason: string, fields?: string[]][] = [
  ['no user id', { headers: noUser, body: order('1') }, 401, 'USER_ID_REQUIRED'],
  [
    'an empty user id',
    { headers: { ...noUser, 'x-user-id': '' }, body: order('1') },
    401,
    'USER_ID_REQUIRED',
  ],
  [
    'a user id of 129 characters',
    { headers: { ...noUser, 'x-user-id': 'u'.repeat(129) }, body: order('1') },
    401,
    'USER_ID_REQUIRED',
  ],
  [
    'two user ids',
    { headers: { ...noUser, 'x-user-id': 'ann, bob' }, body: order('1') },
    401,
    'USER_ID_REQUIRED',
  ],
  ['a negative amount', { body: order('-1') }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['an amount of zero', { body: order('0') }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  [
    'an amount too large',
    { body: order('1000000000001') },
    400,
    'INVALID_REQUEST',
    ['amount.amountMinor'],
  ],
  [
    'an amount beyond 64 bits',
    { body: order('9223372036854775808') },
    400,
    'INVALID_REQUEST',
    ['amount.amountMinor'],
  ],
  ['a fractional amount', { body: order('1.5') }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['an amount of null', { body: order(null) }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['a numeric amount', { body: order(1250) }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['an amount of true', { body: order(true) }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['an amount in an array', { body: order(['5']) }, 400, 'INVALID_REQUEST', ['amount.amountMinor']],
  ['no amount', { body: '{"description":"x"}' }, 400, 'INVALID_REQUEST', ['amount']],
  [
    'a currency of four letters',
    { body: '{"amount":{"currencyCode":"USDT","amountMinor":"1"}}' },
    400,
    'INVALID_REQUEST',
    ['amount.currencyCode'],
  ],
  [
    'an unknown member',
    { body: order('1', { priority: 'high' }) },
    400,
    'INVALID_REQUEST',
    ['priority'],
  ],
  [
    'a member that the server sets',
    { body: order('1', { state: 'PAID' }) },
    400,
    'INVALID_REQUEST',
    ['state'],
  ],
  [
    'two faults at once',
    { body: order('0', { userId: 'eve' }) },
    400,
    'INVALID_REQUEST',
    ['userId', 'amount.amountMinor'],
  ],
  [
    'a repeated member',
    { body: '{"amount":{"currencyCode":"USD","amountMinor":"1","amountMinor":"2"}}' },
    400,
    'MALFORMED_JSON',
  ],
  [
    'a prototype',
    { body: '{"__proto__":{},"amount":{"currencyCode":"USD","amountMinor":"1"}}' },
    400,
    'MALFORMED_JSON',
  ],
  ['broken JSON', { body: '{"amount":' }, 400, 'MALFORMED_JSON'],
  ['an array for an order', { body: '[]' }, 400, 'INVALID_REQUEST', ['body']],
  [
    'a body of 129 KiB',
    { body: order('1', { description: 'x'.repeat(129 * 1024) }) },
    413,
    'BODY_TOO_LARGE',
  ],
  [
    'text for JSON',
    { headers: { ...good, 'content-type': 'text/plain' }, body: order('1') },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'a key with a blank',
    { headers: { ...good, 'idempotency-key': 'a b' }, body: order('1') },
    400,
    'INVALID_REQUEST',
    ['Idempotency-Key'],
  ],
  ['an unknown path', { path: '/v1/order', body: order('1') }, 404, 'ROUTE_NOT_FOUND'],
  [
    'an unknown method',
    { method: 'DELETE', path: '/v1/orders', headers: good },
    405,
    'METHOD_NOT_ALLOWED',
  ],
  ['an unknown verb', { path: '/v1/account:drain', body: '{}' }, 404, 'ROUTE_NOT_FOUND'],
  [
    'an unknown query parameter',
    { method: 'GET', path: '/v1/orders?page=2' },
    400,
    'INVALID_REQUEST',
    ['page'],
  ],
  [
    'a page size that is no number',
    { method: 'GET', path: '/v1/orders?pageSize=ten' },
    400,
    'INVALID_REQUEST',
    ['pageSize'],
  ],
  [
    'a bad filter',
    { method: 'GET', path: '/v1/orders?filter=state=PAYED' },
    400,
    'INVALID_REQUEST',
    ['filter'],
  ],
  [
    'a bad page token',
    { method: 'GET', path: '/v1/orders?pageToken=x' },
    400,
    'INVALID_REQUEST',
    ['pageToken'],
  ],
  [
    'an order that does not exist',
    { method: 'GET', path: `/v1/orders/${randomUUID()}` },
    404,
    'ORDER_NOT_FOUND',
  ],
  ['an order that cannot exist', { method: 'GET', path: '/v1/orders/1' }, 404, 'ORDER_NOT_FOUND'],
  [
    'an account that does not exist',
    { method: 'GET', path: '/v1/account' },
    404,
    'ACCOUNT_NOT_FOUND',
  ],
];
for (const [name, attempt, status, reason, fields] of table) {
  test(`${name}: ${status} ${reason}`, async () => {
    const answer = await send(attempt);
    assert.equal([answer.status, answer.problem.reason], [status, reason], JSON.stringify(answer));
    assert.is(answer.headers.get('content-type'), 'application/problem+json');
    assert.is(answer.headers.get('x-request-id'), answer.problem.requestId);
    assert.is(answer.problem.status, status);
    const named = answer.problem.violations?.map(({ field }: any) => field).toSorted();
    assert.equal(named, fields?.toSorted());
  });
}

test('none of that stored anything', async () => {
  for (const name of ['orders', 'requests', 'outbox']) {
    assert.equal(await system.sql('orders', `select count(*) from ${name}`), [{ count: 0n }]);
  }
});

test("nobody sees another's order, and cannot tell it from one that does not exist", async () => {
  const ann = restClient(system.url, 'ann');
  const eve = restClient(system.url, 'eve');
  const { body: created } = await ann('POST', '/v1/orders', { body: { amount: usd(1) } });
  const missing = `orders/${randomUUID()}`;
  const [theirs, none] = await Promise.all(
    [created.name, missing].map((name) => eve('GET', `/v1/${name}`)),
  );
  const anonymous = ({ body, status }: any, name: string) =>
    JSON.stringify([status, { ...body, requestId: '' }]).replaceAll(name, 'orders/X');
  assert.is(anonymous(theirs, created.name), anonymous(none, missing));
});

test('no account, too little money, another currency: accepted, then failed', async () => {
  const cases = [
    ['none', '', 'ACCOUNT_NOT_FOUND'],
    ['poor', 'USD', 'INSUFFICIENT_FUNDS'],
    ['euro', 'EUR', 'CURRENCY_MISMATCH'],
  ] as const;
  for (const [userId, currencyCode, reason] of cases) {
    const call = restClient(system.url, userId);
    if (currencyCode) await call('POST', '/v1/account', { body: { currencyCode } });
    const { status } = await call('POST', '/v1/orders', { body: { amount: usd(5) } });
    assert.is(status, 201);
    const [failed] = await finalOrders(call, 1);
    assert.equal([failed?.state, failed?.failureReason], ['FAILED', reason]);
  }
});

test('a key with the same body is the same order, with another body a conflict', async () => {
  const call = restClient(system.url, 'keyed');
  const first = await call('POST', '/v1/orders', { body: { amount: usd(5) }, key: 'k' });
  const again = await call('POST', '/v1/orders', { body: { amount: usd(5) }, key: 'k' });
  const other = await call('POST', '/v1/orders', { body: { amount: usd(6) }, key: 'k' });
  assert.is(again.body.name, first.body.name);
  assert.equal([other.status, other.body.reason], [409, 'IDEMPOTENCY_KEY_REUSED']);
});

test('a second account is a conflict that names the first', async () => {
  const call = restClient(system.url, 'twice');
  const first = await call('POST', '/v1/account', { body: { currencyCode: 'USD' } });
  assert.is(first.status, 201);
  const second = await call('POST', '/v1/account', { body: { currencyCode: 'USD' } });
  assert.equal([second.status, second.body.reason], [409, 'ACCOUNT_ALREADY_EXISTS']);
  assert.ok(JSON.stringify(second.body).includes(first.body.name));
});

test('a caller cannot set what is said between the services', async () => {
  const headers = { ...good, 'x-user-id': 'ann2', 'x-user-role': 'staff', 'x-request-id': 'mine' };
  const { headers: replied } = await send({ method: 'GET', path: '/v1/orders', headers });
  assert.is.not(replied.get('x-request-id'), 'mine');
});

test.run();
