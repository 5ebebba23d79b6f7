import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import {
  Order,
  Order_Action,
  Order_FailureReason,
  Order_State,
} from '#gen/purser/orders/v1/order.ts';
import type { ListOrdersResponse } from '#gen/purser/orders/v1/order_service.ts';
import { OrderStateChanged, PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { ownNats, reasonOf, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('orders');

const nats = await ownNats();
const database = await serviceDatabase('orders', migrations);
const now = new Date('2026-03-04T05:06:07.089Z');
const service = await testService(orders, {
  databaseUrl: database.url,
  natsUrl: nats.url,
  clock: () => now,
});

test.after(async () => {
  await service.stop();
  await database.close();
  await nats.stop();
});

const emptyOrder = Order.decode(new Uint8Array());
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const path = '/purser.orders.v1.OrderService';

interface Wish {
  amountMinor?: bigint;
  description?: string;
  requestId?: string;
  more?: Partial<Order>;
}
function create(
  userId: string,
  { amountMinor = 1_250n, description = '', requestId = '', more = {} }: Wish = {},
): Promise<Order> {
  const order = { ...emptyOrder, amount: usd(amountMinor), description, ...more };
  return service.call(`${path}/CreateOrder`, { order, requestId }, userId);
}
function get(userId: string, name: string): Promise<Order> {
  return service.call(`${path}/GetOrder`, { name }, userId);
}
function list(
  userId: string,
  { pageSize = 0, pageToken = '', filter = '', orderBy = '' } = {},
): Promise<ListOrdersResponse> {
  return service.call(`${path}/ListOrders`, { pageSize, pageToken, filter, orderBy }, userId);
}
function countOf(table: string, userId: string): Promise<{ count: bigint }[]> {
  return database.sql(`select count(*) from ${table} where user_id = $1`, [userId]);
}

test('a new order is pending, and reading it gives the same', async () => {
  const order = await create('ann', { description: 'Two coffees ☕' });
  assert.match(order.name, /^orders\/[0-9a-f-]{36}$/);
  assert.equal(
    { ...order, name: '' },
    {
      name: '',
      userId: 'ann',
      state: Order_State.PENDING,
      failureReason: Order_FailureReason.FAILURE_REASON_UNSPECIFIED,
      amount: usd(1_250n),
      description: 'Two coffees ☕',
      version: 1n,
      etag: 'v1',
      createTime: now,
      updateTime: now,
      allowedActions: [Order_Action.CANCEL],
      shipment: undefined,
      lines: [],
      lineCount: 0,
      recipient: undefined,
    },
  );
  assert.equal(await get('ann', order.name), order);
});

test('order, history and outbox are written together', async () => {
  const { name } = await create('together', { amountMinor: 77n });
  const id = name.slice('orders/'.length);
  const history = await database.sql(
    'select from_state, to_state, version, event_id from order_events where order_id = $1',
    [id],
  );
  const outbox = await database.sql<{ type: string; payload: Buffer; event_id: string }>(
    'select type, payload, event_id from outbox where about = $1 order by seq',
    [name],
  );
  assert.equal(history, [
    { from_state: null, to_state: 'PENDING', version: 1n, event_id: outbox[1]?.event_id },
  ]);
  assert.equal(
    outbox.map(({ type }) => type),
    ['purser.orders.v1.PaymentRequested', 'purser.orders.v1.OrderStateChanged'],
  );
  assert.equal(PaymentRequested.decode(outbox[0]!.payload), {
    order: name,
    userId: 'together',
    amount: usd(77n),
    requestTime: now,
  });
  assert.equal(OrderStateChanged.decode(outbox[1]!.payload), {
    order: name,
    userId: 'together',
    previousState: Order_State.STATE_UNSPECIFIED,
    state: Order_State.PENDING,
    failureReason: Order_FailureReason.FAILURE_REASON_UNSPECIFIED,
    amount: usd(77n),
    version: 1n,
    changeTime: now,
  });
});

test('fifty creates at once with one key are one order and fifty equal answers', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => create('racer', { requestId: 'k' })),
  );
  assert.is(new Set(answers.map(({ name }) => name)).size, 1);
  assert.equal(await countOf('orders', 'racer'), [{ count: 1n }]);
  assert.equal(
    await database.sql('select count(*) from outbox where about = $1', [answers[0]!.name]),
    [{ count: 2n }],
  );
});

test('a repeated create returns the first order, as it is by now', async () => {
  const first = await create('repeater', { requestId: 'k', description: 'x' });
  assert.equal(await create('repeater', { requestId: 'k', description: 'x' }), first);
  await database.sql(`update orders set state = 'PAID', version = 2 where user_id = 'repeater'`);
  const again = await create('repeater', { requestId: 'k', description: 'x' });
  assert.equal([again.name, again.state, again.version], [first.name, Order_State.PAID, 2n]);
});

test('a key with other content is refused, whatever differs', async () => {
  await create('reuser', { requestId: 'k', amountMinor: 5n, description: 'a' });
  const others: Wish[] = [
    { amountMinor: 6n, description: 'a' },
    { amountMinor: 5n, description: 'b' },
    { amountMinor: 5n, description: '' },
  ];
  for (const wish of others) {
    assert.is(
      await reasonOf(create('reuser', { ...wish, requestId: 'k' })),
      'IDEMPOTENCY_KEY_REUSED',
    );
  }
});

test('of different contents at once under one key, one wins', async () => {
  const amounts = [1n, 2n, 1n, 2n, 1n, 2n];
  const calls = amounts.map((amountMinor) => create('mixed', { amountMinor, requestId: 'k' }));
  const outcomes = await Promise.all(calls.map((call) => call.catch(() => undefined)));
  const [stored] = await database.sql<{ id: string; amount_minor: bigint }>(
    `select id, amount_minor from orders where user_id = 'mixed'`,
  );
  const expected = amounts.map((amount) =>
    amount === stored?.amount_minor ? `orders/${stored.id}` : undefined,
  );
  assert.equal(
    outcomes.map((order) => order?.name),
    expected,
  );
  assert.equal(await countOf('orders', 'mixed'), [{ count: 1n }]);
});

test('a key belongs to its user, and no key means a new order each time', async () => {
  const [a, b] = await Promise.all([
    create('kim', { requestId: 'same' }),
    create('lee', { requestId: 'same' }),
  ]);
  assert.is.not(a.name, b.name);
  const [c, d] = await Promise.all([create('kim'), create('kim')]);
  assert.is.not(c.name, d.name);
});

test('a mixed crowd of creates gets one right answer each', async () => {
  const wishes = Array.from({ length: 300 }, (_, index) => ({
    amountMinor: BigInt(index + 1),
    requestId: index % 3 ? '' : `k${index}`,
  }));
  const answers = await Promise.all(wishes.map((wish) => create('crowd', wish)));
  assert.equal(
    answers.map(({ amount }) => amount?.amountMinor),
    wishes.map(({ amountMinor }) => amountMinor),
  );
  assert.equal(await countOf('orders', 'crowd'), [{ count: 300n }]);
});

test('nobody sees the order of another, nor one that cannot exist', async () => {
  const { name } = await create('ann');
  for (const [userId, wanted] of [
    ['eve', name],
    ['ann', `orders/${randomUUID()}`],
    ['ann', 'orders/1'],
  ] as const) {
    const error = (await get(userId, wanted).catch((thrown: PurserError) => thrown)) as PurserError;
    assert.equal([error.reason, error.metadata], ['ORDER_NOT_FOUND', { order: wanted }]);
  }
});

const violations: [name: string, wish: Wish, fields: string[]][] = [
  ['zero', { amountMinor: 0n }, ['order.amount.amount_minor']],
  ['negative', { amountMinor: -1n }, ['order.amount.amount_minor']],
  ['too large', { amountMinor: 1_000_000_000_001n }, ['order.amount.amount_minor']],
  ['no amount', { more: { amount: undefined } }, ['order.amount']],
  [
    'a currency in lower case',
    { more: { amount: { currencyCode: 'usd', amountMinor: 1n } } },
    ['order.amount.currency_code'],
  ],
  ['a description of 501 characters', { description: 'é'.repeat(501) }, ['order.description']],
  ['a NUL in the description', { description: 'a\0b' }, ['order.description']],
  ['a state that the caller sets', { more: { state: Order_State.PAID } }, ['order.state']],
  ['a name that the caller sets', { more: { name: 'orders/x' } }, ['order.name']],
  ['a key with a blank', { requestId: 'a b' }, ['request_id']],
  ['a key of 129 characters', { requestId: 'k'.repeat(129) }, ['request_id']],
  [
    'several at once',
    { amountMinor: 0n, requestId: ' ' },
    ['order.amount.amount_minor', 'request_id'],
  ],
];
for (const [name, wish, fields] of violations) {
  test(`${name}: refused with the field's path, and nothing is stored`, async () => {
    const error = (await create('sloppy', wish).catch(
      (thrown: PurserError) => thrown,
    )) as PurserError;
    assert.is(error.reason, 'INVALID_REQUEST');
    assert.equal(
      error.violations?.map(({ field }) => field),
      fields,
    );
    assert.equal(await countOf('orders', 'sloppy'), [{ count: 0n }]);
  });
}

test('the bounds themselves are accepted', async () => {
  await create('bounds', {
    amountMinor: 1n,
    description: '🎈'.repeat(500),
    requestId: '!'.repeat(128),
  });
  await create('bounds', { amountMinor: 1_000_000_000_000n });
});

test('pages hold every order once, newest first, also while orders arrive', async () => {
  const names: string[] = [];
  for (let count = 0; count < 7; count += 1) names.unshift((await create('pager')).name);
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await list('pager', { pageSize: 3, pageToken });
    seen.push(...page.orders.map(({ name }) => name));
    pageToken = page.nextPageToken;
    await create('pager');
  } while (pageToken !== '');
  assert.equal(seen, names);
});

test('a page ends the list when nothing follows it', async () => {
  await create('exact');
  await create('exact');
  assert.is((await list('exact', { pageSize: 2 })).nextPageToken, '');
  assert.equal(await list('nobody'), { orders: [], nextPageToken: '' });
});

test('a filter keeps what it names, and oldest first turns the list round', async () => {
  const names: string[] = [];
  for (let count = 0; count < 4; count += 1) names.push((await create('filterer')).name);
  // The clock stands still here: days between the orders make times to filter by.
  for (const [index, name] of names.entries()) {
    await database.sql(
      `update orders set create_time = create_time + $2 * interval '1 day',
         state = case when $2 < 2 then 'PAID' else state end where id = $1`,
      [name.slice(7), index],
    );
  }
  const day = (index: number) => new Date(now.getTime() + index * 86_400_000).toISOString();
  for (const [filter, orderBy, expected] of [
    ['', 'create_time', [0, 1, 2, 3]],
    ['state=PAID', '', [1, 0]],
    ['state!=PAID', 'create_time asc', [2, 3]],
    [`create_time>="${day(1)}" AND create_time<"${day(3)}"`, 'create_time desc', [2, 1]],
    [`state=PENDING OR state=PAID AND create_time<="${day(2)}"`, '', [2, 1, 0]],
    [`(state=PAID AND create_time>"${day(0)}") OR create_time="${day(3)}"`, '', [3, 1]],
    ['state=CANCELLED', '', []],
  ] as const) {
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await list('filterer', { filter, orderBy, pageSize: 1, pageToken });
      seen.push(...page.orders.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.equal(
      seen,
      expected.map((index) => names[index]),
      `${filter} ${orderBy}`,
    );
  }
});

test('a token belongs to its user, filter and order', async () => {
  const asked = { filter: 'state=PAID', orderBy: 'create_time', pageSize: 1 };
  const { nextPageToken: pageToken } = await list('filterer', asked);
  assert.is((await list('filterer', { ...asked, pageToken })).orders.length, 1);
  for (const [userId, change] of [
    ['filterer', { filter: '' }],
    ['filterer', { orderBy: 'create_time desc' }],
    ['eve', {}],
  ] as const) {
    const call = list(userId, { ...asked, ...change, pageToken });
    assert.is(await reasonOf(call), 'INVALID_REQUEST');
  }
});

test('a filter or an order that cannot be read is refused by its field', async () => {
  for (const [request, field] of [
    [{ filter: 'state=STATE_UNSPECIFIED' }, 'filter'],
    [{ filter: 'amount>5' }, 'filter'],
    [{ orderBy: 'amount' }, 'order_by'],
  ] as const) {
    const error = await list('filterer', request).catch((thrown: PurserError) => thrown);
    assert.equal(
      (error as PurserError).violations?.map((violation) => violation.field),
      [field],
    );
  }
});

test('a negative page size and a token that is none are refused', async () => {
  assert.is(await reasonOf(list('ann', { pageSize: -1 })), 'INVALID_REQUEST');
  assert.is(await reasonOf(list('ann', { pageToken: 'x' })), 'INVALID_REQUEST');
});

test.run();
