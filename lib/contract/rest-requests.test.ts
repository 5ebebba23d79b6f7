// The generated operations on what callers send, right and wrong.
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { routes } from '#gen/routes.ts';
import { suite } from '#test/harness/suite.ts';
import type { FieldViolation, Route, RouteInput } from './types.ts';

const test = suite('REST requests');

function routeOf(name: string): Route {
  const route = routes.find(({ method }) => method.name === name);
  assert.ok(route, name);
  return route as Route;
}

const nothing: RouteInput = {
  params: {},
  query: {},
  body: undefined,
  idempotencyKey: undefined,
  ifMatch: undefined,
};

function read(name: string, input: Partial<RouteInput>) {
  const violations: FieldViolation[] = [];
  const message = routeOf(name).read({ ...nothing, ...input }, violations);
  return { message, violations };
}

const usd = { currencyCode: 'USD', amountMinor: '1250' };

test('a body becomes the request message', () => {
  const body = { amount: usd, description: 'a\nb 😀' };
  assert.equal(read('CreateOrder', { body, idempotencyKey: 'k1' }), {
    message: {
      order: {
        name: '',
        userId: '',
        state: 0,
        failureReason: 0,
        amount: { currencyCode: 'USD', amountMinor: 1250n },
        description: 'a\nb 😀',
        version: 0n,
        etag: '',
        createTime: undefined,
        updateTime: undefined,
        allowedActions: [],
        shipment: undefined,
        lines: [],
        lineCount: 0,
        recipient: undefined,
      },
      requestId: 'k1',
    },
    violations: [],
  });
});

const integer =
  'must be a string that holds an integer from -9223372036854775808 to 9223372036854775807';
const amountOf = (amountMinor: unknown) => ({ amount: { currencyCode: 'USD', amountMinor } });

/** Bodies of CreateOrder, and every violation that their caller is told of. */
const bodies: [body: unknown, violations: [field: string, description: string][]][] = [
  [amountOf(1250), [['amount.amountMinor', integer]]],
  [amountOf(12.5), [['amount.amountMinor', integer]]],
  [amountOf(null), [['amount.amountMinor', integer]]],
  [amountOf('1.5'), [['amount.amountMinor', integer]]],
  [amountOf('+1'), [['amount.amountMinor', integer]]],
  [amountOf('01'), [['amount.amountMinor', integer]]],
  [amountOf(''), [['amount.amountMinor', integer]]],
  [amountOf('9223372036854775808'), [['amount.amountMinor', integer]]],
  [amountOf(['1']), [['amount.amountMinor', integer]]],
  [{ amount: { currencyCode: 'USD' } }, [['amount.amountMinor', 'is required']]],
  [{ amount: usd, colour: 'red' }, [['colour', 'is not known']]],
  [{ amount: { ...usd, colour: 'red' } }, [['amount.colour', 'is not known']]],
  [{ amount: usd, Description: 'x' }, [['Description', 'is not known; it is spelled description']]],
  [
    { amount: { amount_minor: '1', currency_code: 'USD' } },
    [
      ['amount.amount_minor', 'is not known; it is spelled amountMinor'],
      ['amount.currency_code', 'is not known; it is spelled currencyCode'],
      ['amount.amountMinor', 'is required'],
      ['amount.currencyCode', 'is required'],
    ],
  ],
  [{ amount: usd, description: 'a\ud800' }, [['description', 'must be well-formed Unicode']]],
  [{ amount: usd, description: 5 }, [['description', 'must be a string']]],
  [{ amount: [usd] }, [['amount', 'must be a JSON object']]],
  [{ amount: null }, [['amount', 'must be a JSON object']]],
  [{ amount: 'USD 5' }, [['amount', 'must be a JSON object']]],
  [[{ amount: usd }], [['body', 'must be a JSON object']]],
  [null, [['body', 'must be a JSON object']]],
  ['{}', [['body', 'must be a JSON object']]],
  [{ amount: usd, name: 'orders/1' }, [['name', 'is set by the server']]],
  [{ amount: usd, state: 'PAID' }, [['state', 'is set by the server']]],
  [{ amount: usd, version: '0' }, [['version', 'is set by the server']]],
  [{ amount: usd, etag: 'v1' }, [['etag', 'is set by the server']]],
  [
    { amount: usd, requestId: 'k' },
    [['requestId', 'is not known; send the header Idempotency-Key instead']],
  ],
  [{ amount: usd, order: {} }, [['order', 'is not known']]],
  // What the contract forbids is told together with what could not be read.
  [
    { amount: { currencyCode: 'usd', amountMinor: 1 }, description: 'x'.repeat(501) },
    [
      ['amount.amountMinor', integer],
      ['amount.currencyCode', 'must match the pattern ^[A-Z]{3}$'],
      ['description', 'must have at most 500 characters'],
    ],
  ],
  [
    { state: 'PAID', lines: [{ title: 'Tea', quantity: 1, amount: usd }] },
    [
      ['state', 'is set by the server'],
      ['lines[0].amount', 'is set by the server'],
      ['lines[0].unitAmount', 'is required'],
    ],
  ],
];

for (const [body, expected] of bodies) {
  test(`${JSON.stringify(body).slice(0, 70)}: ${expected.map(([field]) => field)}`, () => {
    const { violations } = read('CreateOrder', { body });
    assert.equal(
      violations.map(({ field, description }) => [field, description]),
      expected,
    );
  });
}

test('a member named __proto__ is a member like any other', () => {
  const body = JSON.parse(`{"amount": ${JSON.stringify(usd)}, "__proto__": {}}`);
  assert.equal(read('CreateOrder', { body }).violations, [
    { field: '__proto__', description: 'is not known' },
  ]);
});

test('names that every object has are not known either', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
    const { violations } = read('CreateOrder', { body: { amount: usd, [name]: 'x' } });
    assert.equal(violations, [{ field: name, description: 'is not known' }]);
  }
});

test('an empty idempotency key is refused, an absent one is not', () => {
  const body = { amount: usd };
  assert.equal(read('CreateOrder', { body, idempotencyKey: '' }).violations, [
    { field: 'Idempotency-Key', description: 'must not be empty' },
  ]);
  assert.equal(read('CreateOrder', { body }).violations, []);
});

test('the action on an order takes its etag from If-Match and from nowhere else', () => {
  const params = { order: '7' };
  const request = { name: 'orders/7', reason: 'late' };
  for (const action of ['CancelOrder', 'AssembleOrder', 'DeliverOrder']) {
    assert.equal(read(action, { params, body: { reason: 'late' }, ifMatch: '"v3"' }), {
      message: { ...request, etag: 'v3' },
      violations: [],
    });
    assert.equal(read(action, { params, body: { etag: 'v3' } }).violations, [
      { field: 'etag', description: 'is not known; send the header If-Match instead' },
    ]);
    assert.is(routeOf(action).jsonPath('etag'), 'If-Match');
  }
});

test('an action without a body acts, unless the contract requires something in it', () => {
  const params = { order: '7' };
  assert.equal(read('CancelOrder', { params }), {
    message: { name: 'orders/7', reason: '', etag: '' },
    violations: [],
  });
  const shipment = { field: 'shipment', description: 'is required' };
  assert.equal(read('ShipOrder', { params, ifMatch: 'W/"v3"' }).violations, [
    { field: 'If-Match', description: 'must be a strong entity tag, such as "v3"' },
    shipment,
  ]);
});

test('an operation without query parameters refuses any', () => {
  const input = { body: { amount: usd }, query: { pageSize: '1' } };
  assert.equal(read('CreateOrder', input).violations, [
    { field: 'pageSize', description: 'is not known' },
  ]);
});

test('a resource name is made from the path', () => {
  const params = { order: '0197' };
  const order = { name: 'orders/0197', asOf: undefined };
  assert.equal(read('GetOrder', { params }).message, order);
  assert.equal(read('GetPayment', { params }).message, { name: 'orders/0197/payment' });
});

test('a path cannot reach out of its segment', () => {
  const { violations } = read('GetPayment', { params: { order: 'x/payment' } });
  assert.equal(violations, [{ field: 'order', description: 'must not contain a slash' }]);
});

test('the query of a list', () => {
  const query = { pageSize: '10', pageToken: 't', filter: 'state=PAID', orderBy: 'create_time' };
  assert.equal(read('ListOrders', { query }), {
    message: {
      pageSize: 10,
      pageToken: 't',
      filter: 'state=PAID',
      orderBy: 'create_time',
    },
    violations: [],
  });
});

test('a service’s violations are told by the names that the caller used', () => {
  const create = routeOf('CreateOrder');
  assert.is(create.jsonPath('order.amount.amount_minor'), 'amount.amountMinor');
  assert.is(create.jsonPath('request_id'), 'Idempotency-Key');
  assert.is(routeOf('TopUpAccount').jsonPath('amount.currency_code'), 'amount.currencyCode');
  assert.is(routeOf('GetOrder').jsonPath('name'), 'order');
  assert.is(routeOf('ListOrders').jsonPath('page_size'), 'pageSize');
});

test('a response tells of zeros and leaves out what is not there', () => {
  const account = {
    name: 'accounts/1',
    userId: 'u"1',
    currencyCode: 'USD',
    balance: { currencyCode: 'USD', amountMinor: 0n },
    ledgerVersion: 0n,
    createTime: new Date('2026-01-02T03:04:05Z'),
    updateTime: undefined,
  };
  assert.is(
    routeOf('GetAccount').write(account),
    '{"name":"accounts/1","userId":"u\\"1","currencyCode":"USD",' +
      '"balance":{"currencyCode":"USD","amountMinor":"0"},"ledgerVersion":"0",' +
      '"createTime":"2026-01-02T03:04:05.000Z"}',
  );
});

test('reading any JSON at all ends in a message or in violations, and never throws', () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 4 }), (body) => {
    for (const route of routes) {
      const violations: FieldViolation[] = [];
      const message = route.read({ ...nothing, params: { order: 'x' }, body }, violations);
      // Whatever the reader lets through can be sent to the service as it is.
      if (violations.length === 0) {
        route.method.definition.requestSerialize(message);
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('an order that is read is the order that was written', () => {
  const amounts = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const texts = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());
  const { write } = routeOf('CreateOrder');
  const empty = (read('CreateOrder', { body: {} }).message as { order: object }).order;
  const property = fc.property(amounts, texts, texts, (amountMinor, currencyCode, description) => {
    const order = { ...empty, amount: { currencyCode, amountMinor }, description };
    const body = JSON.parse(write(order));
    // A number and a list are always written, also those that only the server sets.
    delete body.version;
    delete body.allowedActions;
    delete body.lineCount;
    const { message, violations } = read('CreateOrder', { body });
    assert.equal(violations, []);
    assert.equal(message, { order, requestId: '' });
  });
  fc.assert(property);
});

test.run();
