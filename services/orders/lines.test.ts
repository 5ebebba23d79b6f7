import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, OrderLine } from '#gen/purser/orders/v1/order.ts';
import type { ListOrdersResponse } from '#gen/purser/orders/v1/order_service.ts';
import { PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { ownNats, reasonOf, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('lines of an order');

const nats = await ownNats();
const database = await serviceDatabase('orders', migrations);
const service = await testService(orders, { databaseUrl: database.url, natsUrl: nats.url });

test.after(async () => {
  await service.stop();
  await database.close();
  await nats.stop();
});

const path = '/purser.orders.v1.OrderService';
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const emptyLine = OrderLine.decode(new Uint8Array());
function line(title: string, quantity: number, unitMinor: bigint, more: Partial<OrderLine> = {}) {
  return { ...emptyLine, title, quantity, unitAmount: usd(unitMinor), ...more };
}
function create(order: Partial<Order>, requestId = ''): Promise<Order> {
  const whole = { ...Order.decode(new Uint8Array()), ...order };
  return service.call(`${path}/CreateOrder`, { order: whole, requestId });
}
function get(name: string): Promise<Order> {
  return service.call(`${path}/GetOrder`, { name });
}
async function violationsOf(order: Partial<Order>): Promise<string[]> {
  const error = await create(order).then(
    () => undefined,
    (refusal: PurserError) => refusal,
  );
  assert.is(error?.reason, 'INVALID_REQUEST');
  return error?.violations?.map(({ field }) => field) ?? [];
}

const attributes = {
  vin: 'WVW…',
  colour: { name: 'rot', ral: 3020 },
  extras: ['roof', null, true],
};
const lines = [line('Car', 1, 2_500_000n, { attributes }), line('Mat', 4, 1_999n)];

test('the order costs the total of its lines, and keeps them', async () => {
  const created = await create({ lines });
  assert.equal([created.amount, created.lineCount], [usd(2_507_996n), 2]);
  assert.equal(created.lines, [
    { ...lines[0], amount: usd(2_500_000n) },
    { ...lines[1], amount: usd(7_996n) },
  ]);
  assert.equal(await get(created.name), created);
});

test('Payments is asked for the total', async () => {
  const { name } = await create({ lines });
  const [row] = await database.sql<{ payload: Buffer }>(
    "select payload from outbox where about = $1 and type like '%PaymentRequested'",
    [name],
  );
  assert.equal(PaymentRequested.decode(row!.payload).amount, usd(2_507_996n));
});

test('a list tells how many lines there are; the answer to a cancellation has them', async () => {
  const { name } = await create({ lines });
  const { orders: listed } = await service.call<ListOrdersResponse>(`${path}/ListOrders`, {
    pageSize: 1,
    pageToken: '',
    filter: '',
    orderBy: '',
  });
  assert.equal([listed[0]?.name, listed[0]?.lines, listed[0]?.lineCount], [name, [], 2]);
  const request = { name, reason: '', etag: '' };
  const cancelled = await service.call<Order>(`${path}/CancelOrder`, request);
  assert.equal([cancelled.lines.length, cancelled.lineCount], [2, 2]);
});

test('an order as it was has its lines', async () => {
  const created = await create({ lines });
  const asOf = created.createTime;
  const past = await service.call<Order>(`${path}/GetOrder`, { name: created.name, asOf });
  assert.equal(past, created);
});

test('who gets the goods is kept with the order, and left out of lists', async () => {
  const recipient = {
    name: 'Ann Lee',
    phoneNumber: '+4930123456',
    address: 'Hauptstr. 1\n10115 Berlin',
    regionCode: 'DE',
  };
  const created = await create({ amount: usd(1n), recipient });
  assert.equal(created.recipient, recipient);
  assert.equal(await get(created.name), created);
  const request = { pageSize: 1, pageToken: '', filter: '', orderBy: '' };
  const { orders: listed } = await service.call<ListOrdersResponse>(`${path}/ListOrders`, request);
  assert.is(listed[0]?.recipient, undefined);
  const wrong = { name: '', phoneNumber: '030', address: 'x'.repeat(501), regionCode: 'Germany' };
  assert.equal(
    await violationsOf({ amount: usd(1n), recipient: wrong }),
    ['name', 'phone_number', 'address', 'region_code'].map((field) => `order.recipient.${field}`),
  );
});

test('a repeat is the same request in whatever order its attributes come', async () => {
  const key = randomUUID();
  const first = await create({ lines }, key);
  const shuffled = Object.fromEntries(Object.entries(attributes).reverse());
  const again = await create({ lines: [{ ...lines[0]!, attributes: shuffled }, lines[1]!] }, key);
  assert.equal(again, first);
  const other = [{ ...lines[0]!, attributes: { ...attributes, vin: 'X' } }, lines[1]!];
  assert.is(await reasonOf(create({ lines: other }, key)), 'IDEMPOTENCY_KEY_REUSED');
});

test('an order without lines needs an amount', async () => {
  assert.equal(await violationsOf({}), ['order.amount']);
});

test('an amount that is not the total is refused; the total itself is taken', async () => {
  assert.equal(await violationsOf({ lines, amount: usd(2_507_995n) }), ['order.amount']);
  assert.equal((await create({ lines, amount: usd(2_507_996n) })).amount, usd(2_507_996n));
});

test('every line is checked', async () => {
  const wrong = [
    line('', 1, 1n),
    line('x'.repeat(201), 1, 1n),
    line('x', 0, 1n),
    line('x', 10_001, 1n),
    line('x', 1, -1n),
    line('x', 1, 10n ** 12n + 1n),
    line('x', 1, 1n, { unitAmount: undefined }),
    line('x', 1, 1n, { amount: usd(1n) }),
    line('x', 1, 1n, { attributes: { text: 'x'.repeat(4_096) } }),
  ];
  assert.equal(await violationsOf({ lines: wrong }), [
    'order.lines[0].title',
    'order.lines[1].title',
    'order.lines[2].quantity',
    'order.lines[3].quantity',
    'order.lines[4].unit_amount.amount_minor',
    'order.lines[5].unit_amount.amount_minor',
    'order.lines[6].unit_amount',
    'order.lines[7].amount',
    'order.lines[8].attributes',
  ]);
});

test('100 lines are the most', async () => {
  const many = Array.from({ length: 100 }, () => line('x', 1, 1n));
  assert.is((await create({ lines: many })).lineCount, 100);
  assert.equal(await violationsOf({ lines: [...many, line('x', 1, 1n)] }), ['order.lines']);
});

for (const [depth, expected] of [
  [17, 'INVALID_REQUEST'],
  [500, 'MALFORMED_MESSAGE'],
] as const) {
  test(`attributes of ${depth} levels are refused, and the service goes on`, async () => {
    let deep: Record<string, unknown> = {};
    for (let level = 1; level < depth; level += 1) deep = { a: deep };
    const call = create({ lines: [line('x', 1, 1n, { attributes: deep })] });
    assert.is(await reasonOf(call), expected);
    assert.is((await create({ amount: usd(1n) })).lineCount, 0);
  });
}

test.run();
