// The generated validators on what callers of any transport send.
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import type { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('validation');

const createOrder = methods['/purser.orders.v1.OrderService/CreateOrder'];
const listOrders = methods['/purser.orders.v1.OrderService/ListOrders'];
const getOrder = methods['/purser.orders.v1.OrderService/GetOrder'];
const topUp = methods['/purser.payments.v1.AccountService/TopUpAccount'];
const getAccount = methods['/purser.payments.v1.AccountService/GetAccount'];

function order(fields: object = {}, requestId = ''): CreateOrderRequest {
  const empty = createOrder.definition.requestDeserialize(Buffer.from([10, 0])).order;
  assert.ok(empty);
  const amount = { currencyCode: 'USD', amountMinor: 1n };
  return { order: { ...(empty as NonNullable<typeof empty>), amount, ...fields }, requestId };
}

const money = (amountMinor: bigint, currencyCode = 'USD') => ({
  amount: { currencyCode, amountMinor },
});
const key = { field: 'request_id' };
const keyPattern = { ...key, description: 'must match the pattern ^[!-~]+$' };

const rows: [name: string, request: CreateOrderRequest, violations: object[]][] = [
  ['the least', order(), []],
  ['all of it', order({ description: 'x' }, 'key-1'), []],
  [
    'no order',
    { order: undefined, requestId: '' },
    [{ field: 'order', description: 'is required' }],
  ],
  [
    'a line without anything',
    order({ lines: [{ title: '', quantity: 0 }] }),
    [
      { field: 'order.lines[0].title', description: 'is required' },
      { field: 'order.lines[0].quantity', description: 'must be at least 1' },
      { field: 'order.lines[0].unit_amount', description: 'is required' },
    ],
  ],
  [
    'an amount of 0',
    order(money(0n)),
    [{ field: 'order.amount.amount_minor', description: 'must be at least 1' }],
  ],
  [
    'an amount of -1',
    order(money(-1n)),
    [{ field: 'order.amount.amount_minor', description: 'must be at least 1' }],
  ],
  ['an amount of 1', order(money(1n)), []],
  ['an amount of 10^12', order(money(10n ** 12n)), []],
  [
    'an amount of 10^12 + 1',
    order(money(10n ** 12n + 1n)),
    [{ field: 'order.amount.amount_minor', description: 'must be at most 1000000000000' }],
  ],
  [
    'no currency',
    order(money(1n, '')),
    [{ field: 'order.amount.currency_code', description: 'is required' }],
  ],
  [
    'a currency in small letters',
    order(money(1n, 'usd')),
    [{ field: 'order.amount.currency_code', description: 'must match the pattern ^[A-Z]{3}$' }],
  ],
  [
    'a currency of four letters',
    order(money(1n, 'USDX')),
    [{ field: 'order.amount.currency_code', description: 'must match the pattern ^[A-Z]{3}$' }],
  ],
  ['500 characters', order({ description: 'x'.repeat(500) }), []],
  ['500 astral characters', order({ description: '😀'.repeat(500) }), []],
  [
    '501 characters',
    order({ description: 'x'.repeat(501) }),
    [{ field: 'order.description', description: 'must have at most 500 characters' }],
  ],
  [
    '501 characters, one astral',
    order({ description: `${'x'.repeat(500)}😀` }),
    [{ field: 'order.description', description: 'must have at most 500 characters' }],
  ],
  [
    'NUL',
    order({ description: 'a\0' }),
    [{ field: 'order.description', description: 'must not contain the character NUL' }],
  ],
  [
    'a lone surrogate',
    order({ description: '\ud83d' }),
    [{ field: 'order.description', description: 'must be well-formed Unicode' }],
  ],
  ['a key of 128 characters', order({}, 'k'.repeat(128)), []],
  [
    'a key of 129 characters',
    order({}, 'k'.repeat(129)),
    [{ ...key, description: 'must have at most 128 characters' }],
  ],
  ['a key with a space', order({}, 'a b'), [keyPattern]],
  ['a key that is not ASCII', order({}, 'é'), [keyPattern]],
  [
    'what the server sets',
    order({
      name: 'orders/1',
      userId: 'u',
      state: 2,
      failureReason: 1,
      version: 1n,
      etag: 'e',
      createTime: new Date(),
      updateTime: new Date(),
    }),
    [
      'name',
      'user_id',
      'state',
      'failure_reason',
      'version',
      'etag',
      'create_time',
      'update_time',
    ].map((field) => ({ field: `order.${field}`, description: 'is set by the server' })),
  ],
  [
    'everything at once',
    order({ ...money(0n, 'usd'), description: 'x'.repeat(501) }, ' '),
    [
      { field: 'order.amount.amount_minor', description: 'must be at least 1' },
      { field: 'order.amount.currency_code', description: 'must match the pattern ^[A-Z]{3}$' },
      { field: 'order.description', description: 'must have at most 500 characters' },
      keyPattern,
    ],
  ],
];

for (const [name, request, violations] of rows) {
  test(`${name}: ${violations.length} violations`, () => {
    assert.equal(createOrder.validate(request), violations);
  });
}

test('a bound of a field of type Money holds in every request', () => {
  const request = { ...money(10n ** 12n + 1n), requestId: '' };
  assert.equal(topUp.validate(request), [
    { field: 'amount.amount_minor', description: 'must be at most 1000000000000' },
  ]);
});

test('a page size may be 0 and not less', () => {
  const list = { pageSize: 0, pageToken: '', filter: '', orderBy: '' };
  assert.equal(listOrders.validate(list), []);
  assert.equal(listOrders.validate({ ...list, pageSize: -1 }), [
    { field: 'page_size', description: 'must be at least 0' },
  ]);
});

for (const [name, words] of [
  ['', 'is required'],
  ['orders/', 'must match the pattern ^orders/[^/]+$'],
  ['orders/a/b', 'must match the pattern ^orders/[^/]+$'],
  ['accounts/a', 'must match the pattern ^orders/[^/]+$'],
  [`orders/${'a'.repeat(122)}`, 'must have at most 128 characters'],
] as const) {
  test(`no order is named ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.equal(getOrder.validate({ name, asOf: undefined }), [
      { field: 'name', description: words },
    ]);
  });
}

test('an empty string in a list is an element like any other', () => {
  const traceChanges = methods['/purser.notifications.v1.LiveService/TraceChanges'];
  assert.equal(traceChanges.validate({ eventIds: [''] }), [
    { field: 'event_ids[0]', description: 'must not be empty' },
  ]);
  assert.equal(traceChanges.validate({ eventIds: ['019c143e-5a01-7d10-8e2f-1a2b3c4d5e6f'] }), []);
});

test('an empty request has nothing to refuse', () => {
  assert.equal(getAccount.validate({ asOf: undefined }), []);
});

test('every violation of one request is its own', () => {
  const first = createOrder.validate(order(money(0n)));
  createOrder.validate(order(money(0n)));
  assert.is(first.length, 1);
});

test.run();
