import { randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, Order_Action, Order_State, OrderEvent_Actor } from '#gen/purser/orders/v1/order.ts';
import { PaymentCancellationRequested } from '#gen/purser/orders/v1/events.ts';
import type { ListOrderEventsResponse } from '#gen/purser/orders/v1/order_service.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import type { EventDefinition } from '#lib/outbox/event.ts';
import { testPublisher } from '#test/harness/publish.ts';
import {
  eventually,
  ownNats,
  reasonOf,
  serviceDatabase,
  testService,
} from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import {
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
  paymentVoided,
} from '../payments/published.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('the life of an order');

const nats = await ownNats();
const database = await serviceDatabase('orders', migrations);
const service = await testService(orders, { databaseUrl: database.url, natsUrl: nats.url });
const broker = await testPublisher(nats.url, 'payments');

test.after(async () => {
  await broker.close();
  await service.stop();
  await database.close();
  await nats.stop();
});

const path = '/purser.orders.v1.OrderService';
const amount = { currencyCode: 'USD', amountMinor: 10n };
const shipment = { carrier: 'Post', trackingCode: 'RR 1' };
type Command = 'CancelOrder' | 'AssembleOrder' | 'ShipOrder' | 'DeliverOrder';

interface Caller {
  userId?: string;
  staff?: boolean;
}
function act(
  command: Command,
  name: string,
  { userId = 'ann', staff = command !== 'CancelOrder' }: Caller = {},
  more: { etag?: string; reason?: string } = {},
): Promise<Order> {
  const request = { name, reason: '', etag: '', shipment, ...more };
  return service.call(`${path}/${command}`, request, userId, staff ? 'staff' : undefined);
}
function create(): Promise<Order> {
  const order = { ...Order.decode(new Uint8Array()), amount };
  return service.call(`${path}/CreateOrder`, { order, requestId: '' });
}
function get(name: string): Promise<Order> {
  return service.call(`${path}/GetOrder`, { name });
}
function history(name: string, userId = 'ann', pageSize = 0, pageToken = '') {
  const request = { parent: name, pageSize, pageToken };
  return service.call<ListOrderEventsResponse>(`${path}/ListOrderEvents`, request, userId);
}
async function tell<Message>(event: EventDefinition<Message>, order: string): Promise<void> {
  const now = new Date();
  const times = { captureTime: now, failTime: now, voidTime: now, refundTime: now };
  const message = { order, userId: 'ann', amount, reason: 1, ledgerVersion: 2n, ...times };
  const told = { eventId: randomUUIDv7(), userId: 'ann', about: order };
  await broker.publish(event.toOutbox({ ...told, message: message as Message }));
}
function reached(name: string, state: keyof typeof Order_State): Promise<Order> {
  return eventually(
    () => get(name),
    (order) => order.state === Order_State[state],
  );
}

/** Brings a new order into the state on the way that users take. */
async function orderIn(state: keyof typeof Order_State): Promise<Order> {
  const { name } = await create();
  if (state === 'PENDING') return get(name);
  if (state === 'FAILED') {
    await tell(paymentFailed, name);
    return reached(name, 'FAILED');
  }
  if (state === 'CANCELLING' || state === 'CANCELLED') {
    await act('CancelOrder', name);
    if (state === 'CANCELLED') await tell(paymentVoided, name);
    return reached(name, state);
  }
  await tell(paymentCaptured, name);
  await reached(name, 'PAID');
  const steps: [keyof typeof Order_State, Command][] = [
    ['ASSEMBLED', 'AssembleOrder'],
    ['SHIPPED', 'ShipOrder'],
    ['DELIVERED', 'DeliverOrder'],
  ];
  for (const [next, command] of steps) {
    if ((await get(name)).state === Order_State[state]) break;
    assert.is((await act(command, name)).state, Order_State[next]);
  }
  return reached(name, state);
}

// Rows: the command; columns: the state before it; cells: the state after it, or - for refused.
const outcomes = `
                 PENDING     PAID        FAILED  ASSEMBLED  SHIPPED   DELIVERED CANCELLING CANCELLED
  CancelOrder    CANCELLING  CANCELLING  -       CANCELLING -         -         CANCELLING CANCELLED
  AssembleOrder  -           ASSEMBLED   -       ASSEMBLED  -         -         -          -
  ShipOrder      -           -           -       SHIPPED    SHIPPED   -         -          -
  DeliverOrder   -           -           -       -          DELIVERED DELIVERED -          -`;
const [states, ...commands] = outcomes
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
for (const [command, ...cells] of commands) {
  cells.forEach((after, column) => {
    const state = states![column] as keyof typeof Order_State;
    test(`${command} of a ${state} order: ${after === '-' ? 'refused' : after}`, async () => {
      const before = await orderIn(state);
      const answer = await act(command as Command, before.name).catch(
        (error: PurserError) => error,
      );
      if (after === '-') {
        const { reason, metadata } = answer as PurserError;
        const allowed = before.allowedActions.map((action) => actionNames.get(action)).join(', ');
        assert.is(reason, 'ORDER_STATE_CONFLICT');
        assert.equal(metadata, { order: before.name, state, allowed_actions: allowed || 'none' });
        assert.equal(await get(before.name), before);
      } else {
        assert.is((answer as Order).state, Order_State[after as keyof typeof Order_State]);
        const steps = after === state ? 0n : 1n;
        assert.is((answer as Order).version, before.version + steps);
        assert.equal(await get(before.name), answer);
      }
    });
  });
}
const actionNames = new Map<number, string>(
  Object.entries(Order_Action).map(([name, value]) => [value, name]),
);

test('a cancellation asks Payments once, in the transaction of the change', async () => {
  const { name } = await orderIn('PAID');
  await act('CancelOrder', name);
  await act('CancelOrder', name);
  const rows = await database.sql<{ payload: Buffer }>(
    `select payload from outbox where about = $1 and type like '%PaymentCancellationRequested'`,
    [name],
  );
  assert.is(rows.length, 1);
  const { order, userId, amount: asked } = PaymentCancellationRequested.decode(rows[0]!.payload);
  assert.equal([order, userId, asked], [name, 'ann', amount]);
});

for (const [answer, event] of [
  ['voided', paymentVoided],
  ['refunded', paymentRefunded],
] as const) {
  test(`a payment that is ${answer} ends the cancellation`, async () => {
    const { name } = await orderIn('CANCELLING');
    await tell(event as EventDefinition<unknown>, name);
    assert.is((await reached(name, 'CANCELLED')).version, 3n);
  });
}

test('results that cross a cancellation change nothing', async () => {
  const { name, version } = await orderIn('CANCELLING');
  await tell(paymentCaptured, name);
  await tell(paymentFailed, name);
  await tell(paymentRefunded, name);
  assert.is((await reached(name, 'CANCELLED')).version, version + 1n);
  await tell(paymentCaptured, name);
  await tell(paymentVoided, name);
  const other = await create();
  await tell(paymentCaptured, other.name);
  await reached(other.name, 'PAID');
  assert.is((await get(name)).version, version + 1n);
});

test('twenty cancellations at once are one', async () => {
  const { name } = await orderIn('PAID');
  const answers = await Promise.all(Array.from({ length: 20 }, () => act('CancelOrder', name)));
  assert.equal(new Set(answers.map(({ version }) => version)), new Set([3n]));
});

test("only staff may fulfil, and only the order's user or staff may cancel", async () => {
  const { name } = await orderIn('PAID');
  for (const command of ['AssembleOrder', 'ShipOrder', 'DeliverOrder'] as const) {
    assert.is(await reasonOf(act(command, name, { staff: false })), 'PERMISSION_DENIED');
  }
  assert.is(await reasonOf(act('CancelOrder', name, { userId: 'eve' })), 'ORDER_NOT_FOUND');
  assert.is((await get(name)).state, Order_State.PAID);
  const cancelled = await act('CancelOrder', name, { userId: 'sam', staff: true });
  assert.is(cancelled.state, Order_State.CANCELLING);
});

test('a role that is not exactly staff is none', async () => {
  const { name } = await orderIn('PAID');
  const request = { name, reason: '', etag: '' };
  for (const role of ['admin', 'Staff', 'staff, staff', '']) {
    const call = service.call(`${path}/AssembleOrder`, request, 'sam', role);
    assert.is(await reasonOf(call), 'PERMISSION_DENIED');
  }
});

test('a stale etag is refused with the present one; a repeat does not mind', async () => {
  const before = await orderIn('PENDING');
  await tell(paymentCaptured, before.name);
  await reached(before.name, 'PAID');
  const stale = { etag: before.etag };
  const error = (await act('CancelOrder', before.name, {}, stale).catch((e) => e)) as PurserError;
  assert.equal(
    [error.reason, error.metadata],
    ['ETAG_MISMATCH', { order: before.name, etag: 'v2' }],
  );
  assert.is((await get(before.name)).state, Order_State.PAID);
  assert.is((await act('CancelOrder', before.name, {}, { etag: 'v2' })).etag, 'v3');
  assert.is((await act('CancelOrder', before.name, {}, { etag: 'v2' })).etag, 'v3');
});

test('a shipment stays with the order', async () => {
  const { name } = await orderIn('DELIVERED');
  assert.equal((await get(name)).shipment, shipment);
});

test('the history tells who, from, to and why, a page at a time', async () => {
  const { name } = await orderIn('PAID');
  await act('AssembleOrder', name, { userId: 'sam' }, { reason: 'all in stock' });
  await act('CancelOrder', name, {}, { reason: 'changed my mind' });
  const { events } = await history(name);
  assert.equal(
    events.map((event) => [
      event.version,
      event.state,
      event.actor,
      event.actorUserId,
      event.reason,
    ]),
    [
      [1n, Order_State.PENDING, OrderEvent_Actor.USER, 'ann', ''],
      [2n, Order_State.PAID, OrderEvent_Actor.PAYMENTS, '', ''],
      [3n, Order_State.ASSEMBLED, OrderEvent_Actor.STAFF, 'sam', 'all in stock'],
      [4n, Order_State.CANCELLING, OrderEvent_Actor.USER, 'ann', 'changed my mind'],
    ],
  );
  assert.equal(
    events.map((event) => event.previousState),
    [Order_State.STATE_UNSPECIFIED, ...events.slice(0, -1).map((event) => event.state)],
  );
  const first = await history(name, 'ann', 3);
  const second = await history(name, 'ann', 3, first.nextPageToken);
  assert.equal([...first.events, ...second.events], events);
  assert.is(second.nextPageToken, '');
  assert.is(await reasonOf(history(name, 'eve')), 'ORDER_NOT_FOUND');
});

test('as_of at the time of every event is the order as it was then', async () => {
  const { name } = await orderIn('DELIVERED');
  const { events } = await history(name);
  for (const event of events) {
    const asOf = event.createTime!;
    const then = events.findLast((other) => other.createTime! <= asOf)!;
    const order = await service.call<Order>(`${path}/GetOrder`, { name, asOf });
    assert.equal([order.version, order.state], [then.version, then.state]);
    assert.equal(order.updateTime, then.createTime);
    const shipped = [Order_State.SHIPPED, Order_State.DELIVERED].includes(then.state as 5 | 6);
    assert.equal(order.shipment, shipped ? shipment : undefined);
  }
  const before = new Date(events[0]!.createTime!.getTime() - 1);
  const missing = service.call(`${path}/GetOrder`, { name, asOf: before });
  assert.is(await reasonOf(missing), 'ORDER_NOT_FOUND');
  const future = new Date(Date.now() + 3_600_000);
  assert.equal(await service.call(`${path}/GetOrder`, { name, asOf: future }), await get(name));
});

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

test.run();
