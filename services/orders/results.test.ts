import { randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, Order_FailureReason, Order_State } from '#gen/purser/orders/v1/order.ts';
import { OrderStateChanged } from '#gen/purser/orders/v1/events.ts';
import { Payment_FailureReason } from '#gen/purser/payments/v1/payment.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { testPublisher } from '#test/harness/publish.ts';
import { eventually, ownNats, serviceDatabase, testService } from '#test/harness/service.ts';
import { metricValue } from '#test/harness/metric-value.ts';
import { suite } from '#test/harness/suite.ts';
import { paymentCaptured, paymentFailed } from '../payments/published.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('results of payments');

const nats = await ownNats();
const database = await serviceDatabase('orders', migrations);
const settings = { databaseUrl: database.url, natsUrl: nats.url };
const instances = await Promise.all([1, 2].map(() => testService(orders, settings)));
const service = instances[0]!;
const broker = await testPublisher(nats.url, 'payments');

test.after(async () => {
  await broker.close();
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.close();
  await nats.stop();
});

const amount = { currencyCode: 'USD', amountMinor: 10n };

function create(): Promise<Order> {
  const order = { ...Order.decode(new Uint8Array()), amount };
  return service.call('/purser.orders.v1.OrderService/CreateOrder', { order, requestId: '' });
}
function get(name: string): Promise<Order> {
  return service.call('/purser.orders.v1.OrderService/GetOrder', { name });
}
function captured(order: string): OutboxEvent {
  const message = {
    order,
    userId: 'ann',
    amount,
    ledgerVersion: 2n,
    captureTime: new Date(),
    balance: undefined,
  };
  return paymentCaptured.toOutbox({
    eventId: randomUUIDv7(),
    userId: 'ann',
    about: order,
    message,
  });
}
function failed(
  order: string,
  reason: Payment_FailureReason = Payment_FailureReason.INSUFFICIENT_FUNDS,
): OutboxEvent {
  const message = { order, userId: 'ann', amount, reason, ledgerVersion: 2n, failTime: new Date() };
  return paymentFailed.toOutbox({ eventId: randomUUIDv7(), userId: 'ann', about: order, message });
}
function decided(name: string): Promise<Order> {
  return eventually(
    () => get(name),
    ({ state }) => state !== Order_State.PENDING,
  );
}
function historyOf(name: string) {
  return database.sql<{ to_state: string }>(
    `select from_state, to_state, version, failure_reason, cause_event_id
    from order_events where order_id = $1 order by version`,
    [name.slice(7)],
  );
}

test('a captured payment makes the order paid, with its history and its event', async () => {
  const { name } = await create();
  const event = captured(name);
  await broker.publish(event);
  const order = await decided(name);
  assert.equal([order.state, order.version, order.etag], [Order_State.PAID, 2n, 'v2']);
  assert.equal((await historyOf(name)).at(-1), {
    from_state: 'PENDING',
    to_state: 'PAID',
    version: 2n,
    failure_reason: null,
    cause_event_id: event.eventId,
  });
  const [row] = await database.sql<{ payload: Buffer }>(
    'select payload from outbox where about = $1 order by tx desc limit 1',
    [name],
  );
  assert.equal(OrderStateChanged.decode(row!.payload), {
    order: name,
    userId: 'ann',
    previousState: Order_State.PENDING,
    state: Order_State.PAID,
    failureReason: Order_FailureReason.FAILURE_REASON_UNSPECIFIED,
    amount,
    version: 2n,
    changeTime: order.updateTime,
  });
});

for (const reason of ['INSUFFICIENT_FUNDS', 'ACCOUNT_NOT_FOUND', 'CURRENCY_MISMATCH'] as const) {
  test(`a failed payment makes the order failed: ${reason}`, async () => {
    const { name } = await create();
    await broker.publish(failed(name, Payment_FailureReason[reason]));
    const order = await decided(name);
    assert.equal(
      [order.state, order.failureReason],
      [Order_State.FAILED, Order_FailureReason[reason]],
    );
  });
}

test('every reason of Payments is a reason of Orders', () => {
  assert.equal(Object.keys(Payment_FailureReason), Object.keys(Order_FailureReason));
});

test(
  'results repeated, shuffled and contradicted later: one change, and the first stands',
  async () => {
    const created = await Promise.all(Array.from({ length: 40 }, create));
    const first = created.map(({ name }, index) => (index % 2 ? failed(name) : captured(name)));
    await Promise.all(first.map((event) => broker.publish(event)));
    await Promise.all(created.map(({ name }) => decided(name)));
    const contradictions = created.map(({ name }, index) =>
      index % 2 ? captured(name) : failed(name),
    );
    const again = [...first, ...contradictions, ...first].sort(() => Math.random() - 0.5);
    await Promise.all(again.map((event) => broker.publish(event)));
    const last = await create();
    await broker.publish(captured(last.name));
    await decided(last.name);
    for (const [index, { name }] of created.entries()) {
      const order = await get(name);
      assert.equal(
        [order.state, order.version],
        [index % 2 ? Order_State.FAILED : Order_State.PAID, 2n],
      );
      assert.is((await historyOf(name)).length, 2);
    }
  },
  { timeoutMs: 120_000 },
);

test('the history rebuilds every order', async () => {
  const broken = await database.sql(`
    select o.id from orders o
    left join lateral (
      select to_state, version from order_events e where e.order_id = o.id
      order by version desc limit 1
    ) last on true
    where (last.to_state, last.version) is distinct from (o.state, o.version)
      or o.version <> (select count(*) from order_events e where e.order_id = o.id)`);
  assert.equal(broken, []);
});

const poisons: [name: string, make: () => OutboxEvent][] = [
  ['a result of an order that does not exist', () => captured(`orders/${randomUUIDv7()}`)],
  ['a result without an order', () => captured('')],
  [
    'a failure without a reason',
    () => failed(`orders/${randomUUIDv7()}`, Payment_FailureReason.FAILURE_REASON_UNSPECIFIED),
  ],
  [
    'bytes that are no message',
    () => ({ ...captured(`orders/${randomUUIDv7()}`), payload: new Uint8Array([10, 255]) }),
  ],
];
for (const [name, make] of poisons) {
  test(`${name}: a dead letter, and the result behind it is applied`, async () => {
    const order = await create();
    const poison = make();
    await Promise.all([broker.publish(poison), broker.publish(captured(order.name))]);
    assert.is((await decided(order.name)).state, Order_State.PAID);
    await eventually(
      () => database.sql('select from dead_letters where event_id = $1', [poison.eventId]),
      (rows) => rows.length === 1,
    );
  });
}

test('an event of a kind that Orders does not know is passed over', async () => {
  const order = await create();
  const stranger = {
    ...captured(order.name),
    type: 'purser.payments.v1.SomethingNew',
    payload: new Uint8Array([255]),
  };
  await Promise.all([broker.publish(stranger), broker.publish(captured(order.name))]);
  assert.is((await decided(order.name)).state, Order_State.PAID);
  assert.equal(
    await database.sql('select from dead_letters where event_id = $1', [stranger.eventId]),
    [],
  );
});

test('the time to the payment and a dropped duplicate are counted once each', async () => {
  const measured = () => metricValue('purser_order_payment_seconds', { state: 'PAID' });
  const dropped = () => metricValue('purser_duplicates_dropped_total');
  const before = { measured: await measured(), dropped: await dropped() };
  const { name } = await create();
  const event = captured(name);
  await broker.publish(event);
  await decided(name);
  await broker.publish(event);
  await eventually(dropped, (count) => count > before.dropped);
  assert.is(await measured(), before.measured + 1);
  assert.is(await dropped(), before.dropped + 1);
  const consumer = 'orders-payment-results';
  assert.ok((await metricValue('purser_consumer_wait_seconds', { consumer })) >= 2);
  assert.is(await metricValue('purser_consumer_pending', { consumer }), 0);
});

test.run();
