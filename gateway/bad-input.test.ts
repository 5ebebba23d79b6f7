import * as assert from 'uvu/assert';
import { suite } from '../test/harness/suite.ts';
import {
  asAlice,
  asAliceWithJson,
  problemOf,
  startTestGateway,
  startTestServices,
  validOrder,
  type TestGateway,
  type TestServices,
} from './test-gateway.ts';

const test = suite('bad input');
let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`);
});
test.before.each(() => {
  services.received.length = 0;
});
test.after(async () => {
  await gateway.stop();
  await services.stop();
});

const validationRows: [what: string, body: unknown, field: string][] = [
  [
    'a line without a title',
    { lines: [{ quantity: 1, unitAmount: validOrder.amount }] },
    'lines[0].title',
  ],
  [
    'a negative amount',
    { amount: { currencyCode: 'USD', amountMinor: '-1' } },
    'amount.amountMinor',
  ],
  ['a zero amount', { amount: { currencyCode: 'USD', amountMinor: '0' } }, 'amount.amountMinor'],
  [
    'a too large amount',
    { amount: { currencyCode: 'USD', amountMinor: '1000000000001' } },
    'amount.amountMinor',
  ],
  [
    'an amount beyond int64',
    { amount: { currencyCode: 'USD', amountMinor: '9223372036854775808' } },
    'amount.amountMinor',
  ],
  [
    'a fractional amount',
    { amount: { currencyCode: 'USD', amountMinor: '1.5' } },
    'amount.amountMinor',
  ],
  [
    'an amount in exponents',
    { amount: { currencyCode: 'USD', amountMinor: '1e3' } },
    'amount.amountMinor',
  ],
  [
    'an amount with a leading zero',
    { amount: { currencyCode: 'USD', amountMinor: '0100' } },
    'amount.amountMinor',
  ],
  [
    'an amount with a space',
    { amount: { currencyCode: 'USD', amountMinor: ' 100' } },
    'amount.amountMinor',
  ],
  ['a numeric amount', { amount: { currencyCode: 'USD', amountMinor: 100 } }, 'amount.amountMinor'],
  ['a null amount', { amount: { currencyCode: 'USD', amountMinor: null } }, 'amount.amountMinor'],
  [
    'a boolean amount',
    { amount: { currencyCode: 'USD', amountMinor: true } },
    'amount.amountMinor',
  ],
  [
    'an amount in a list',
    { amount: { currencyCode: 'USD', amountMinor: ['100'] } },
    'amount.amountMinor',
  ],
  ['an amount that is text', { amount: '100 USD' }, 'amount'],
  ['null for the amount', { amount: null }, 'amount'],
  [
    'a currency in lower case',
    { amount: { currencyCode: 'usd', amountMinor: '1' } },
    'amount.currencyCode',
  ],
  [
    'a currency of four letters',
    { amount: { currencyCode: 'USDT', amountMinor: '1' } },
    'amount.currencyCode',
  ],
  [
    'a numeric currency',
    { amount: { currencyCode: 840, amountMinor: '1' } },
    'amount.currencyCode',
  ],
  ['an unknown field', { ...validOrder, colour: 'red' }, 'colour'],
  ['an unknown field inside', { amount: { ...validOrder.amount, units: '1' } }, 'amount.units'],
  [
    'a field in snake case',
    { amount: { currency_code: 'USD', amountMinor: '1' } },
    'amount.currency_code',
  ],
  ['a state', { ...validOrder, state: 'PAID' }, 'state'],
  ['a name', { ...validOrder, name: 'orders/mine' }, 'name'],
  ['a user id', { ...validOrder, userId: 'bob' }, 'userId'],
  ['a key in the body', { ...validOrder, requestId: 'k' }, 'requestId'],
  [
    'a description of 501 characters',
    { ...validOrder, description: 'x'.repeat(501) },
    'description',
  ],
  ['a description with NUL', { ...validOrder, description: 'a\0b' }, 'description'],
  [
    'half a character',
    '{"amount":{"currencyCode":"USD","amountMinor":"1"},"description":"\\ud800"}',
    'description',
  ],
  ['a list', [validOrder], 'body'],
  ['a string', '"order"', 'body'],
  ['null', 'null', 'body'],
  ['nothing', '', 'body'],
];

for (const [what, body, field] of validationRows) {
  test(`an order with ${what} is refused at ${field}, and reaches no handler`, async () => {
    const response = await gateway.post('/v1/orders', body);
    const problem = await problemOf(response);
    assert.is(response.status, 400);
    assert.is(problem.reason, 'INVALID_REQUEST');
    assert.ok(
      problem.violations?.some((violation) => violation.field === field),
      JSON.stringify(problem.violations),
    );
    assert.is(services.received.length, 0);
  });
}

const malformedRows: [what: string, body: string | Uint8Array][] = [
  ['is cut off', '{"amount":'],
  ['is not JSON', 'amount=100'],
  ['repeats a member', '{"description":"a","description":"b"}'],
  ['repeats the amount', '{"amount":{"currencyCode":"USD","amountMinor":"1","amountMinor":"100"}}'],
  ['has __proto__', '{"__proto__":{"state":"PAID"}}'],
  ['nests 1,000 deep', `${'['.repeat(1000)}${']'.repeat(1000)}`],
  ['is not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
  ['is UTF-16', Buffer.from('{"a":1}', 'utf16le')],
  ['has a number beyond JSON', '{"amount":0x10}'],
];

for (const [what, body] of malformedRows) {
  test(`a body that ${what} is refused`, async () => {
    const response = await gateway.ask('/v1/orders', {
      method: 'POST',
      headers: asAliceWithJson,
      body,
    });
    assert.is(response.status, 400);
    assert.is((await problemOf(response)).reason, 'MALFORMED_JSON');
    assert.is(services.received.length, 0);
  });
}

test('all violations are told at once, by JSON path', async () => {
  const response = await gateway.post('/v1/orders', {
    amount: { currencyCode: 'usd', amountMinor: '0' },
    colour: 1,
  });
  const { violations } = await problemOf(response);
  const fields = violations?.map(({ field }) => field).toSorted();
  assert.equal(fields, ['amount.amountMinor', 'amount.currencyCode', 'colour']);
});

const queryRows: [query: string, field: string][] = [
  ['pageSize=-1', 'pageSize'],
  ['pageSize=ten', 'pageSize'],
  ['pageSize=1.5', 'pageSize'],
  ['pageSize=1&pageSize=2', 'pageSize'],
  ['page_size=1', 'page_size'],
  ['colour=red', 'colour'],
  ['__proto__=x', '__proto__'],
  [`filter=${'x'.repeat(513)}`, 'filter'],
];

for (const [query, field] of queryRows) {
  test(`the query ${query.slice(0, 30)} is refused at ${field}`, async () => {
    const response = await gateway.ask(`/v1/orders?${query}`);
    const problem = await problemOf(response);
    assert.is(response.status, 400);
    assert.ok(
      problem.violations?.some((violation) => violation.field === field),
      JSON.stringify(problem),
    );
    assert.is(services.received.length, 0);
  });
}

test('a query or path that is not percent-encoded UTF-8 is refused', async () => {
  for (const path of [
    '/v1/orders?filter=%',
    '/v1/orders?%ff=1',
    '/v1/orders/%',
    '/v1/orders/%ff',
    '/%ff',
  ]) {
    const response = await gateway.ask(path);
    const problem = await problemOf(response);
    assert.ok([400, 404].includes(response.status), path);
    assert.ok(['MALFORMED_HTTP', 'ROUTE_NOT_FOUND'].includes(problem.reason), path);
  }
  assert.is((await gateway.ask('/v1/orders/%ff')).status, 400);
});

test('an encoded slash does not reach into another resource', async () => {
  for (const path of ['/v1/orders/7%2Fpayment', '/v1/orders/a%2fb', '/v1%2Forders']) {
    const response = await gateway.ask(path);
    assert.is(response.status, 404, path);
    assert.is((await problemOf(response)).reason, 'ROUTE_NOT_FOUND');
  }
  assert.is(services.received.length, 0);
});

const typeRows: [type: string | undefined, status: number][] = [
  ['application/json', 201],
  ['application/json; charset=utf-8', 201],
  ['Application/JSON;charset="UTF-8"', 201],
  ['application/json; charset=latin1', 415],
  ['application/json; charset=utf-8; charset=utf-16', 415],
  ['application/json\t', 201],
  ['application/json\tx', 415],
  ['application/jsonp', 415],
  ['application/problem+json', 415],
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
  ['nonsense', 415],
  ['', 415],
];

for (const [type, status] of typeRows) {
  test(`a body of type ${JSON.stringify(type)} answers ${status}`, async () => {
    const headers = { ...asAlice, ...(type === undefined ? {} : { 'content-type': type }) };
    // A Blob has no type of its own that fetch would send for us.
    const body = Buffer.from(JSON.stringify(validOrder));
    const response = await gateway.ask('/v1/orders', { method: 'POST', headers, body });
    assert.is(response.status, status);
    if (status === 415) assert.is((await problemOf(response)).reason, 'UNSUPPORTED_MEDIA_TYPE');
  });
}

test('a compressed body and one without a type are refused', async () => {
  const body = Buffer.from(JSON.stringify(validOrder));
  const untyped = await gateway.ask('/v1/orders', { method: 'POST', body });
  assert.is(untyped.status, 415);
  const headers = { ...asAliceWithJson, 'content-encoding': 'gzip' };
  assert.is((await gateway.ask('/v1/orders', { method: 'POST', headers, body })).status, 415);
});

test('a body of 128 KiB is read, and one byte more is too large', async () => {
  const padded = (bytes: number) => JSON.stringify(validOrder).padEnd(bytes, ' ');
  assert.is((await gateway.post('/v1/orders', padded(131_072))).status, 201);
  for (const bytes of [131_073, 130 * 1024, 1024 * 1024]) {
    const response = await gateway.post('/v1/orders', padded(bytes));
    assert.is(response.status, 413);
    const problem = await problemOf(response);
    assert.is(problem.reason, 'BODY_TOO_LARGE');
    assert.equal(problem.metadata, { limit_bytes: '131072' });
  }
});

test.run();
