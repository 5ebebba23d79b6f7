import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import {
  type OrderExplanation,
  OrderExplanation_WaitingFor,
} from '#gen/purser/orders/v1/explanation.ts';
import { Order, Order_State, OrderLine } from '#gen/purser/orders/v1/order.ts';
import type { OrderTrace } from '#gen/purser/orders/v1/order_trace.ts';
import { type Request, Request_State } from '#gen/purser/orders/v1/request.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { Hop_Kind } from '#gen/purser/type/v1/hop.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import {
  eventually,
  ownNats,
  reasonOf,
  serviceDatabase,
  testService,
} from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { grpcStream } from '../notifications/live-fixture.ts';
import { migrations as notificationsMigrations } from '../notifications/schema/migrations.ts';
import { notifications } from '../notifications/service.ts';
import { migrations as paymentsMigrations } from '../payments/schema/migrations.ts';
import { payments } from '../payments/service.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('what became of a request, and where an order stands');

const nats = await ownNats();
const paymentsDatabase = await serviceDatabase('payments', paymentsMigrations);
const database = await serviceDatabase('orders', migrations);
const paymentsService = await testService(payments, {
  databaseUrl: paymentsDatabase.url,
  natsUrl: nats.url,
});
const notificationsDatabase = await serviceDatabase('notifications', notificationsMigrations);
const notificationsService = await testService(notifications, {
  databaseUrl: notificationsDatabase.url,
  natsUrl: nats.url,
});
const settings = { databaseUrl: database.url, natsUrl: nats.url };
const service = await testService(orders, {
  ...settings,
  targets: {
    payments: `127.0.0.1:${paymentsService.port}`,
    notifications: `127.0.0.1:${notificationsService.port}`,
  },
});
/** Another instance of Orders, which nobody has told where the others are. */
const cutOff = await testService(orders, settings);

test.after(async () => {
  await Promise.all([service.stop(), cutOff.stop()]);
  await Promise.all([paymentsService.stop(), notificationsService.stop()]);
  await database.close();
  await notificationsDatabase.close();
  await paymentsDatabase.close();
  await nats.stop();
});

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const line = { ...OrderLine.decode(new Uint8Array()), title: 'Tea', quantity: 2 };

async function openAccount(userId: string, requestId = ''): Promise<Account> {
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  const path = '/purser.payments.v1.AccountService/CreateAccount';
  return paymentsService.call(path, { account, requestId }, userId);
}
async function topUp(userId: string, amountMinor: bigint, requestId = ''): Promise<Account> {
  const request = { amount: usd(amountMinor), requestId };
  return paymentsService.call('/purser.payments.v1.AccountService/TopUpAccount', request, userId);
}
async function create(userId: string, unitMinor: bigint, requestId = ''): Promise<Order> {
  const lines = [{ ...line, unitAmount: usd(unitMinor) }];
  const order = { ...Order.decode(new Uint8Array()), lines };
  return service.call('/purser.orders.v1.OrderService/CreateOrder', { order, requestId }, userId);
}
async function reached(userId: string, name: string, state: keyof typeof Order_State) {
  return eventually<Order>(
    () => service.call('/purser.orders.v1.OrderService/GetOrder', { name }, userId),
    (order) => order.state === Order_State[state],
  );
}
function requestOf(userId: string, requestId: string, instance = service): Promise<Request> {
  return instance.call('/purser.orders.v1.RequestService/GetRequest', { requestId }, userId);
}
function explain(
  userId: string,
  name: string,
  { instance = service, role }: { instance?: typeof service; role?: string } = {},
): Promise<OrderExplanation> {
  const path = '/purser.orders.v1.OrderService/ExplainOrder';
  return instance.call(path, { name }, userId, role);
}
const waitingFor = (name: keyof typeof OrderExplanation_WaitingFor) =>
  OrderExplanation_WaitingFor[name];

test('the key of a created order leads to it as it is now', async () => {
  await openAccount('ann');
  await topUp('ann', 1_000n);
  const created = await create('ann', 100n, 'order-1');
  const paid = await reached('ann', created.name, 'PAID');
  assert.equal(await requestOf('ann', 'order-1'), {
    requestId: 'order-1',
    state: Request_State.DONE,
    order: paid,
    account: undefined,
    createTime: created.createTime,
  });
});

test('the key of a top-up leads to the account as it was right after it', async () => {
  const opened = await openAccount('bob', 'account-1');
  const first = await topUp('bob', 10n, 'top-up-1');
  await topUp('bob', 5n);
  const request = await requestOf('bob', 'top-up-1');
  assert.equal([request.state, request.account, request.order], [1, first, undefined]);
  assert.equal((await requestOf('bob', 'account-1')).account, opened);
});

test('a key that was used for both tells of both', async () => {
  await openAccount('kim', 'twice');
  const { name } = await create('kim', 1n, 'twice');
  const request = await requestOf('kim', 'twice');
  assert.equal([request.order?.name, request.account?.userId], [name, 'kim']);
});

test('a key that had no effect is not found, nor is another user’s', async () => {
  assert.is(await reasonOf(requestOf('ann', randomUUID())), 'REQUEST_NOT_FOUND');
  assert.is(await reasonOf(requestOf('eve', 'order-1')), 'REQUEST_NOT_FOUND');
  // A call that was refused leaves no key behind.
  assert.is(await reasonOf(topUp('nobody', 1n, 'refused')), 'ACCOUNT_NOT_FOUND');
  assert.is(await reasonOf(requestOf('nobody', 'refused')), 'REQUEST_NOT_FOUND');
});

test('nothing is called not found while Payments does not answer', async () => {
  assert.is(await reasonOf(requestOf('ann', randomUUID(), cutOff)), 'DEPENDENCY_UNAVAILABLE');
});

test('a paid order is explained, with its messages and its payment', async () => {
  const { name, updateTime } = await requestOf('ann', 'order-1').then(({ order }) => order!);
  const explanation = await eventually(
    () => explain('ann', name),
    ({ messages }) => messages.every(({ published }) => published),
  );
  assert.is(
    explanation.summary,
    'The order is paid: 2.00 USD was debited once, as entry 2 of the account.',
  );
  assert.equal(
    [explanation.order, explanation.state, explanation.waitingFor, explanation.since],
    [name, Order_State.PAID, waitingFor('STAFF'), updateTime],
  );
  assert.equal(
    explanation.messages.map(({ type }) => type.replace('purser.orders.v1.', '')),
    ['PaymentRequested', 'OrderStateChanged', 'OrderStateChanged'],
  );
  assert.equal(explanation.payment?.balanceAfter, usd(800n));
});

test('a failed order is explained by what the account held', async () => {
  await openAccount('joe');
  await topUp('joe', 500n);
  const { name } = await create('joe', 400n);
  await reached('joe', name, 'FAILED');
  const { summary, waitingFor: waiting } = await explain('joe', name);
  assert.is(summary, 'The payment failed because the account held 5.00 USD, less than 8.00 USD.');
  assert.is(waiting, waitingFor('NOTHING'));
});

test('a message that the relay has not passed waits for the broker', async () => {
  await openAccount('lee');
  const { name } = await create('lee', 400n);
  await reached('lee', name, 'FAILED');
  // As it was before: the state is not the last one, and the cursor stands before everything.
  const id = name.slice(7);
  await database.sql(
    "update orders set state = 'PENDING', failure_reason = null, version = 1 where id = $1",
    [id],
  );
  const [relay] = await database.sql<{ seen: string }>('select seen::text from outbox_relay');
  await database.sql("update outbox_relay set seen = '3:3:', target = null, tx = '0', seq = 0");
  const explanation = await explain('lee', name);
  await database.sql('update outbox_relay set seen = $1::pg_snapshot', [relay?.seen]);
  assert.is(explanation.waitingFor, waitingFor('BROKER'));
  assert.ok(explanation.messages.length > 0);
  assert.ok(explanation.messages.every(({ published }) => !published));
});

test('an explanation needs no Payments', async () => {
  const { order } = await requestOf('ann', 'order-1');
  const explanation = await explain('ann', order!.name, { instance: cutOff });
  assert.is(explanation.summary, 'The order is paid: 2.00 USD was debited once.');
  assert.is(explanation.payment, undefined);
});

test('staff read the explanation of every order; another user finds none', async () => {
  const { order } = await requestOf('ann', 'order-1');
  const explanation = await explain('agent', order!.name, { role: 'staff' });
  assert.is(explanation.payment?.userId, 'ann');
  assert.is(await reasonOf(explain('eve', order!.name)), 'ORDER_NOT_FOUND');
});

test('the way of a paid order is told hop by hop', async () => {
  const { order } = await requestOf('ann', 'order-1');
  const trace = await service.call<OrderTrace>(
    '/purser.orders.v1.OrderService/TraceOrder',
    { name: order!.name },
    'ann',
  );
  assert.ok(trace.paymentsAnswered);
  const way = trace.hops.map(
    (hop) => `${enumName(Hop_Kind, hop.kind)} ${hop.service} ${hop.subject}`,
  );
  const inOrder = (...hops: string[]) => {
    const places = hops.map((hop) => way.indexOf(hop));
    assert.ok(!places.includes(-1), `${hops} in ${way.join('; ')}`);
    assert.equal(
      places.toSorted((a, b) => a - b),
      places,
      way.join('; '),
    );
  };
  inOrder('ACCEPTED orders PENDING', 'WRITTEN orders purser.orders.v1.PaymentRequested');
  inOrder('WRITTEN orders purser.orders.v1.PaymentRequested', 'STREAMED broker ');
  inOrder('STREAMED broker ', 'BOOKED payments PAYMENT', 'CHANGED orders PAID');
  inOrder('DECIDED payments CAPTURED', 'CHANGED orders PAID');
  assert.ok(way.includes('WRITTEN payments purser.payments.v1.PaymentCaptured'));
  const kinds = trace.hops.filter(({ kind }) => kind === Hop_Kind.STREAMED);
  assert.is(kinds.length, 2, 'the request and its result');
  assert.ok(kinds.every(({ number }) => number > 0n));
  const times = trace.hops.map(({ time }) => time!.getTime());
  assert.equal(
    times.toSorted((a, b) => a - b),
    times,
  );
});

async function traceOf(userId: string, name: string): Promise<OrderTrace> {
  return service.call('/purser.orders.v1.OrderService/TraceOrder', { name }, userId);
}

test('the way ends where the user is told: logged, and sent if somebody listened', async () => {
  const { order: unheard } = await requestOf('ann', 'order-1');
  const silent = await eventually(
    () => traceOf('ann', unheard!.name),
    ({ hops }) => hops.filter(({ service: where }) => where === 'notifications').length === 2,
  );
  assert.ok(silent.notificationsAnswered);
  assert.not.ok(silent.hops.some(({ kind }) => kind === Hop_Kind.PUSHED));
  await openAccount('listener');
  await topUp('listener', 1_000n);
  const stream = grpcStream(notificationsService, 'listener');
  await stream.at(0);
  const { name } = await create('listener', 10n);
  await reached('listener', name, 'PAID');
  const { hops } = await eventually(
    () => traceOf('listener', name),
    (trace) => trace.hops.filter(({ kind }) => kind === Hop_Kind.PUSHED).length === 2,
  );
  for (const pushed of hops.filter(({ kind }) => kind === Hop_Kind.PUSHED)) {
    const its = hops.filter(({ eventId }) => eventId === pushed.eventId);
    assert.equal(
      its.map(({ kind, service: where }) => `${enumName(Hop_Kind, kind)} ${where}`),
      ['WRITTEN orders', 'RECEIVED notifications', 'PUSHED notifications'],
    );
    assert.is(pushed.service, 'notifications');
  }
  stream.cancel();
});

test('a trace needs no Payments and says so; another user finds none', async () => {
  const { order } = await requestOf('ann', 'order-1');
  const path = '/purser.orders.v1.OrderService/TraceOrder';
  const trace = await cutOff.call<OrderTrace>(path, { name: order!.name }, 'ann');
  assert.equal([trace.paymentsAnswered, trace.notificationsAnswered], [false, false]);
  assert.ok(trace.hops.length > 0);
  assert.ok(trace.hops.every(({ service: where }) => where !== 'payments'));
  // Payments knows the method as little as a Notifications of an earlier release does.
  const target = `127.0.0.1:${paymentsService.port}`;
  const targets = { payments: target, notifications: target };
  const early = await testService(orders, { ...settings, targets });
  const partial = await early.call<OrderTrace>(path, { name: order!.name }, 'ann');
  assert.equal([partial.paymentsAnswered, partial.notificationsAnswered], [true, false]);
  await early.stop();
  const strangers = service.call(path, { name: order!.name }, 'eve');
  assert.is(await reasonOf(strangers), 'ORDER_NOT_FOUND');
});

test.run();
