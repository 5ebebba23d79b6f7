import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { suite } from '#test/harness/suite.ts';
import { openWithoutBroker } from '#test/harness/without-broker.ts';
import { audit } from '../../services/operations/audit/audit.ts';
import { brokenChecks } from '../../services/operations/audit/report.ts';

const test = suite('what has had its time is deleted');

const system = await openWithoutBroker();
const { orders, payments } = system;
const userId = 'ann';

test.after(() => system.close());

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

async function create(): Promise<string> {
  const order = { ...Order.decode(new Uint8Array()), amount: usd(10n) };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  return (await orders.call(path, { order, requestId: randomUUID() }, userId)).name;
}

/** Payments is asked and Orders is told. */
async function settle(name: string): Promise<void> {
  await payments.deliver(await orders.messagesAbout(name));
  await orders.deliver(await payments.messagesAbout(name));
}

/** Everything in both databases has happened `days` earlier than it did. */
async function age(days: number): Promise<void> {
  const back = `interval '${days} days'`;
  for (const table of ['orders', 'order_events', 'outbox', 'requests']) {
    await orders.database.sql(`update ${table} set create_time = create_time - ${back}`);
  }
  await orders.database.sql(`update orders set update_time = update_time - ${back}`);
  for (const table of ['payments', 'transfers', 'inbox', 'outbox', 'requests']) {
    await payments.database.sql(`update ${table} set create_time = create_time - ${back}`);
  }
}

const rowsOf = async (service: typeof orders, table: string) =>
  Number((await service.database.sql<{ n: bigint }>(`select count(*) as n from ${table}`))[0]!.n);

const auditor = (service: typeof orders) => service.database.urlOf('auditor');

async function brokenIds(): Promise<string[]> {
  const urls = { orders: auditor(orders), payments: auditor(payments) };
  const report = await audit({ ...urls, graceMs: 400 * 24 * 3_600_000 });
  return brokenChecks(report).map(({ id }) => id);
}

async function expireAll(): Promise<void> {
  for (const service of [orders, payments]) await service.runJob('expire-outbox');
  await payments.runJob('expire-inbox');
}

test('a month later only what is still needed is left, and the audit knows', async () => {
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await payments.call(`${service}/CreateAccount`, { account, requestId: '' }, userId);
  await payments.call(`${service}/TopUpAccount`, { amount: usd(1_000n), requestId: '' }, userId);
  const [paid, waiting, lettered] = [await create(), await create(), await create()];
  await settle(paid);
  await settle(lettered);
  const [request] = await orders.messagesAbout(lettered);
  await orders.database.sql(
    `insert into dead_letters (source, event_id, subject, headers, payload, cause, deliveries)
     values ('outbox', $1, 's', '{}', '', 'c', 1)`,
    [request!.eventId],
  );
  await system.orders.loseMessages();
  await system.payments.loseMessages();
  const unpublished = await create();
  await age(31);
  const young = await create();
  await settle(young);
  assert.equal(await brokenIds(), ['I12'], 'before');
  const asked = await rowsOf(payments, 'inbox');
  const paymentRows = await rowsOf(payments, 'outbox');

  await expireAll();

  assert.equal(await orders.messagesAbout(paid), [], 'it is paid');
  assert.is((await orders.messagesAbout(waiting)).length, 2, 'it may have to be sent again');
  assert.is((await orders.messagesAbout(lettered)).length, 1, 'it may have to be replayed');
  assert.is((await orders.messagesAbout(unpublished)).length, 2, 'the broker has not had it');
  assert.is((await orders.messagesAbout(young)).length, 3);
  assert.ok((await rowsOf(payments, 'outbox')) < paymentRows);
  assert.is(await rowsOf(payments, 'inbox'), asked, 'inboxes remember for longer');
  assert.equal(await brokenIds(), ['I12'], 'after');

  // An order whose messages are gone is shown all the same, and goes on.
  const trace = await orders.call(
    '/purser.orders.v1.OrderService/TraceOrder',
    { name: paid },
    userId,
  );
  assert.ok(trace.hops.length > 0);
  await orders.call('/purser.orders.v1.OrderService/ExplainOrder', { name: paid }, userId);
  const cancel = { name: paid, reason: '', etag: '', requestId: '' };
  await orders.call('/purser.orders.v1.OrderService/CancelOrder', cancel, userId);
  await settle(paid);
  assert.equal(await brokenIds(), ['I12'], 'after a cancellation');
});

test('what must still be there is missed', async () => {
  const order = await create();
  await settle(order);
  await orders.database.sql('delete from outbox where about = $1', [order]);
  await payments.database.sql('delete from outbox where about = $1', [order]);
  assert.equal(await brokenIds(), ['I10', 'I12', 'I22']);
});

test('inboxes forget 30 days after the outbox', async () => {
  await age(30);
  const before = await rowsOf(payments, 'inbox');
  await payments.runJob('expire-inbox');
  const left = await rowsOf(payments, 'inbox');
  assert.ok(left > 0 && left < before, `${before}, then ${left}`);
});

test('thousands of rows go page by page, past those that stay', async () => {
  await orders.database.sql(
    `insert into outbox (event_id, type, subject, about, payload, create_time)
     select gen_random_uuid(), 't', 's', 'orders/none', '', now() - interval '40 days'
     from generate_series(1, 3500)`,
  );
  await orders.loseMessages();
  await orders.database.sql(
    `insert into outbox (event_id, type, subject, about, payload, create_time)
     values (gen_random_uuid(), 't', 's', 'orders/unpublished', '', now() - interval '40 days')`,
  );
  await orders.runJob('expire-outbox');
  const left = await orders.database.sql(`select about from outbox where type = 't'`);
  assert.equal(left, [{ about: 'orders/unpublished' }]);
});

test.run();
