import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { type Message, openWithoutBroker } from '#test/harness/without-broker.ts';
import { asked, healed, resent, unanswered, waiting } from './reconcile-metrics.ts';

const test = suite('orders that wait too long');

const { orders, payments, passTime, close } = await openWithoutBroker();
test.after(close);

// Every test leaves orders behind that wait; the others must not meet them.
test.before.each(async () => {
  await orders.database.sql('truncate orders, order_events, outbox');
  await orders.database.sql("update reconciler set failures = 0, next_round_time = '-infinity'");
});

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

async function openAccount(balance: bigint): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await payments.call(`${service}/CreateAccount`, { account, requestId: '' }, userId);
  await payments.call(`${service}/TopUpAccount`, { amount: usd(balance), requestId: '' }, userId);
  return userId;
}

const call = (method: string, request: object, userId: string) =>
  orders.call<Order>(`/purser.orders.v1.OrderService/${method}`, request, userId);

async function create(userId: string, amountMinor = 60n): Promise<string> {
  const order = { ...Order.decode(new Uint8Array()), amount: usd(amountMinor) };
  return (await call('CreateOrder', { order, requestId: '' }, userId)).name;
}
const cancel = (name: string, userId: string) =>
  call('CancelOrder', { name, reason: '', etag: '' }, userId);

async function stateOf(name: string, userId: string): Promise<string> {
  const { state } = await call('GetOrder', { name, asOf: undefined }, userId);
  return enumName(Order_State, state);
}

async function balanceOf(userId: string): Promise<bigint | undefined> {
  const path = '/purser.payments.v1.AccountService/GetAccount';
  const request = { asOf: undefined };
  return (await payments.call<Account>(path, request, userId)).balance?.amountMinor;
}

async function requestsOf(name: string, type = 'PaymentRequested'): Promise<Message[]> {
  const all = await orders.messagesAbout(name);
  return all.filter((message) => message.type.endsWith(`.${type}`));
}

/** Waits until the order may be asked for, and asks. */
async function reconcile(afterMs = 31_000): Promise<void> {
  passTime(afterMs);
  await orders.runJob('reconcile-orders');
}

const countOf = async (metric: { get(): Promise<{ values: { value: number }[] }> }) =>
  (await metric.get()).values.reduce((sum, { value }) => sum + value, 0);

test('a lost request is published again, under the same event id', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  await orders.loseMessages();
  const before = await countOf(resent);
  await reconcile();
  const [first, second, ...more] = await requestsOf(name);
  assert.is(more.length, 0);
  assert.is(second?.eventId, first?.eventId);
  assert.equal(second?.payload, first?.payload);
  assert.is(await countOf(resent), before + 1);
  const rows = await orders.database.sql<{ publication: number }>(
    'select publication from outbox where event_id = $1 order by publication',
    [first!.eventId],
  );
  assert.equal(rows, [{ publication: 1 }, { publication: 2 }]);
  // The broker had not lost it after all: both arrive.
  await payments.deliver([second!, first!]);
  await payments.deliver([first!]);
  assert.is(await balanceOf(userId), 40n);
});

test('a lost result is applied as if it had come, whatever it was', async () => {
  const userId = await openAccount(100n);
  const paid = await create(userId);
  const failed = await create(userId);
  for (const name of [paid, failed]) await payments.deliver(await requestsOf(name));
  const before = [await countOf(healed), await countOf(asked)];
  await reconcile();
  assert.equal([await stateOf(paid, userId), await stateOf(failed, userId)], ['PAID', 'FAILED']);
  assert.equal([await countOf(healed), await countOf(asked)], [before[0]! + 2, before[1]! + 2]);
  const order = await call('GetOrder', { name: failed, asOf: undefined }, userId);
  assert.ok(order.failureReason > 0);
  const changes = await orders.messagesAbout(paid);
  assert.is(changes.at(-1)?.type, 'purser.orders.v1.OrderStateChanged');
  const [line] = await orders.database.sql(
    'select actor, reason, cause_event_id from order_events where order_id = $1 and version = 2',
    [paid.slice(7)],
  );
  const reason = 'Payments was asked: its message had not arrived.';
  assert.equal(line, { actor: 'PAYMENTS', reason, cause_event_id: null });
  // The result comes after all.
  await orders.deliver(await payments.messagesAbout(paid));
  assert.is((await call('GetOrder', { name: paid, asOf: undefined }, userId)).version, 2n);
});

test('a lost cancellation is requested again, and its lost result applied', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  await payments.deliver(await requestsOf(name));
  await cancel(name, userId);
  await orders.loseMessages();
  await reconcile();
  const requests = await requestsOf(name, 'PaymentCancellationRequested');
  assert.is(requests.length, 2);
  await payments.deliver([requests[1]!]);
  assert.is(await balanceOf(userId), 100n);
  assert.is(await stateOf(name, userId), 'CANCELLING');
  await reconcile(61_000);
  assert.is(await stateOf(name, userId), 'CANCELLED');
});

test('a cancelled order whose payment had failed needs no other message', async () => {
  const userId = await openAccount(10n);
  const name = await create(userId);
  await payments.deliver(await requestsOf(name));
  await cancel(name, userId);
  await orders.loseMessages();
  await reconcile();
  assert.is(await stateOf(name, userId), 'CANCELLED');
  assert.is((await requestsOf(name, 'PaymentCancellationRequested')).length, 1);
});

test('an order is left alone before its limit', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  await orders.loseMessages();
  await reconcile(29_000);
  assert.is((await requestsOf(name)).length, 1);
  await reconcile(2_000);
  assert.is((await requestsOf(name)).length, 2);
});

test('what the broker has not taken yet is not sent once more', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  await reconcile();
  assert.is((await requestsOf(name)).length, 1);
  await orders.loseMessages();
  await reconcile(61_000);
  await reconcile(121_000);
  assert.is((await requestsOf(name)).length, 2, 'the second row waits for the broker');
});

test('an order is asked for again after the same pause, however often it was lost', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  const sentBy = async (afterMs: number) => {
    await orders.loseMessages();
    await reconcile(afterMs);
    return (await requestsOf(name)).length;
  };
  assert.is(await sentBy(31_000), 2);
  for (let sent = 2; sent < 5; sent += 1) {
    assert.is(await sentBy(29_000), sent, 'at least 30 s');
    assert.is(await sentBy(22_000), sent + 1, 'at most 50 s');
  }
});

test('100,000 waiting orders cost a round a second, one question when it fails', async () => {
  await orders.database.sql(
    `insert into orders (id, user_id, state, amount_minor, currency_code, description, version,
       create_time, update_time, check_time)
     select uuidv7(), 'u', 'PENDING', 10, 'USD', '', 1, $1, $1, $1
     from generate_series(1, 100000)`,
    [new Date()],
  );
  const checked = async () => {
    const [row] = await orders.database.sql<{ count: bigint }>(
      'select count(*) from orders where checks > 0',
    );
    return row!.count;
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 10 }, () => reconcile(0)));
  assert.is(await checked(), 500n, 'ten instances, one round');
  assert.ok(performance.now() - startedAt < 5_000);
  await orders.runJob('count-waiting-orders');

  const answer = payments.call;
  payments.call = () => Promise.reject(new PurserError('DEPENDENCY_UNAVAILABLE'));
  const failures = await countOf(unanswered);
  await reconcile(1_001);
  assert.is(await checked(), 1_000n);
  for (let second = 0; second < 60; second += 1) await reconcile(1_000);
  const more = (await checked()) - 1_000n;
  assert.ok(more >= 4n && more <= 12n, `${more} orders in a minute of silence`);
  assert.is(await countOf(unanswered), failures + 1 + Number(more));
  payments.call = answer;
  await reconcile(20_000);
  await reconcile(1_001);
  assert.ok((await checked()) >= 1_500n);
});

test('the gauge counts the orders that wait too long, not those that wait', async () => {
  const userId = await openAccount(100n);
  await create(userId);
  await orders.runJob('count-waiting-orders');
  assert.is(await countOf(waiting), 0);
  passTime(31_000);
  await orders.runJob('count-waiting-orders');
  assert.is(await countOf(waiting), 1);
});

test('a request that has left the outbox is made anew', async () => {
  const userId = await openAccount(100n);
  const name = await create(userId);
  await orders.database.sql('delete from outbox');
  await orders.loseMessages();
  await reconcile();
  const [request, ...more] = await requestsOf(name);
  assert.is(more.length, 0);
  await payments.deliver([request!]);
  await reconcile(61_000);
  assert.is(await stateOf(name, userId), 'PAID');
  assert.is(await balanceOf(userId), 40n);
});

test('two instances at the same moment send a request once', async () => {
  const userId = await openAccount(100n);
  const names = await Promise.all([1, 2, 3].map(() => create(userId, 1n)));
  await orders.loseMessages();
  passTime(31_000);
  await Promise.all(Array.from({ length: 8 }, () => orders.runJob('reconcile-orders')));
  for (const name of names) assert.is((await requestsOf(name)).length, 2);
});

test.run();
