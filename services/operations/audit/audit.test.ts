import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, type OrderLine } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { suite } from '#test/harness/suite.ts';
import { openWithoutBroker } from '#test/harness/without-broker.ts';
import { audit } from './audit.ts';
import { brokenChecks, reportText } from './report.ts';

const test = suite('the audit');

const { orders, payments, close } = await openWithoutBroker();
test.after(close);

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

async function openAccount(balance: bigint): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await payments.call(`${service}/CreateAccount`, { account, requestId: randomUUID() }, userId);
  const request = { amount: usd(balance), requestId: randomUUID() };
  await payments.call(`${service}/TopUpAccount`, request, userId);
  return userId;
}

async function act(action: string, name: string, userId: string): Promise<void> {
  const shipment = { carrier: 'Post', trackingCode: 'RR 1' };
  const request = { name, reason: '', etag: '', shipment };
  await orders.call(`/purser.orders.v1.OrderService/${action}`, request, userId, true);
}

async function create(userId: string, lines: OrderLine[] = []): Promise<string> {
  const empty = Order.decode(new Uint8Array());
  const order = { ...empty, lines, amount: lines.length > 0 ? undefined : usd(60n) };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  const request = { order, requestId: randomUUID() };
  return (await orders.call<Order>(path, request, userId)).name;
}

/** Delivers everything about the order, in both directions, until it rests. */
async function settle(name: string): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const message of await orders.messagesAbout(name)) await payments.deliver([message]);
    for (const message of await payments.messagesAbout(name)) await orders.deliver([message]);
  }
}

const line: OrderLine = {
  title: 'Lamp',
  quantity: 2,
  unitAmount: usd(15n),
  amount: undefined,
  attributes: undefined,
};

/** A user with one order in every state there is, by state. */
async function seed(): Promise<Record<string, string>> {
  const userId = await openAccount(1_000n);
  const poor = await openAccount(10n);
  const named: Record<string, string> = { PENDING: await create(userId) };
  for (const state of ['PAID', 'ASSEMBLED', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'CANCELLING']) {
    const name = await create(userId, state === 'PAID' ? [line] : []);
    await settle(name);
    named[state] = name;
  }
  for (const state of ['ASSEMBLED', 'SHIPPED', 'DELIVERED']) {
    await act('AssembleOrder', named[state]!, userId);
    if (state !== 'ASSEMBLED') await act('ShipOrder', named[state]!, userId);
    if (state === 'DELIVERED') await act('DeliverOrder', named[state]!, userId);
  }
  await act('CancelOrder', named['CANCELLED']!, userId);
  await settle(named['CANCELLED']!);
  await act('CancelOrder', named['CANCELLING']!, userId);
  named['FAILED'] = await create(poor);
  await settle(named['FAILED']);
  named['VOIDED'] = await create(poor);
  await act('CancelOrder', named['VOIDED'], poor);
  const [, ...rest] = await orders.messagesAbout(named['VOIDED']);
  for (const message of rest) await payments.deliver([message]);
  await settle(named['VOIDED']);
  for (const service of [orders, payments]) await service.loseMessages();
  return Object.fromEntries(Object.entries(named).map(([state, name]) => [state, name.slice(7)]));
}

type Name = 'orders' | 'payments';
const services = { orders, payments };
const inBoth = ['requests', 'outbox', 'outbox_relay', 'dead_letters'];
const tables: Record<Name, string[]> = {
  orders: [...inBoth, 'order_events', 'orders'],
  payments: [...inBoth, 'accounts', 'transfers', 'payments', 'inbox', 'system_accounts'],
};

const script = (name: Name, body: string) =>
  services[name].database.sql(`do $body$ declare c record; begin ${body} end $body$`);

/** Constraints keep out what the tests want to put in; they go, and a copy of all tables stays. */
async function prepare(name: Name): Promise<void> {
  const copies = tables[name].map((table) => `create table kept.${table} as table ${table};`);
  await script(
    name,
    `for c in select conrelid::regclass as of, conname from pg_constraint
       where contype in ('c', 'f', 'u', 'p') and connamespace = 'public'::regnamespace
       order by contype <> 'f'
     loop execute format('alter table %s drop constraint %I', c.of, c.conname); end loop;
     drop index if exists transfers_once_per_order_and_kind;
     create schema kept; ${copies.join(' ')}`,
  );
}

async function restore(name: Name): Promise<void> {
  const copies = tables[name].map(
    (table) =>
      `truncate ${table}; insert into ${table} overriding system value table kept.${table};`,
  );
  await script(name, copies.join(' '));
}

let ids: Record<string, string> = {};
test.before(async () => {
  ids = await seed();
  await Promise.all([prepare('orders'), prepare('payments')]);
});
test.after.each(() => Promise.all([restore('orders'), restore('payments')]));

const look = (graceMs?: number) =>
  audit({
    orders: orders.database.urlOf('auditor'),
    payments: payments.database.urlOf('auditor'),
    ...(graceMs !== undefined && { graceMs }),
  });

const broken = async (graceMs?: number) =>
  brokenChecks(await look(graceMs)).map(({ id, where }) => `${id} ${where}`);

test('orders in every state, some of them on their way: nothing is broken', async () => {
  const report = await look();
  assert.equal(brokenChecks(report), [], reportText(report));
  const seen = report.checks.filter(({ checked }) => checked > 0).map(({ id }) => id);
  assert.equal(
    report.checks.filter(({ id }) => !seen.includes(id)).map(({ id }) => id),
    ['I12', 'I12'],
    'everything was looked at',
  );
  assert.ok(report.checks.find(({ id }) => id === 'I7')!.inFlight === 2);
  assert.match(reportText(report), /Nothing is broken: \d+ checks hold; \d+ on their way/);
});

const order = (state: string) => `(select id from orders where id = '${ids[state]}')`;
const pay = (state: string) => `'${ids[state]}'`;
const lastMinutes = (state: string) =>
  `update orders set update_time = update_time - interval '2 minutes' where id = ${order(state)};
   update order_events set create_time = create_time - interval '2 minutes'
     where order_id = ${order(state)}`;

/** What is done to which service's tables, and exactly which invariants that breaks. */
const cases: [what: string, service: Name, sql: () => string, ids: string[]][] = [
  [
    'a balance without a transfer',
    'payments',
    () => 'update accounts set balance_minor = balance_minor + 1 where balance_minor > 100',
    ['I1 payments', 'I20 payments'],
  ],
  [
    'a running balance that does not follow',
    'payments',
    () => `update transfers set balance_after_minor = balance_after_minor + 1
      where order_id = ${pay('PAID')}`,
    ['I2 payments'],
  ],
  [
    'a balance below zero, by a transfer as it should be',
    'payments',
    () => `with poor as (
        update accounts set balance_minor = balance_minor - 20, ledger_version = ledger_version + 1
        where balance_minor = 10 returning *
      )
      insert into transfers select id, ledger_version, 'TOP_UP', id,
        md5('TOP_UP_CLEARING:USD')::uuid, 20, 'USD', balance_minor, null, now() from poor`,
    ['I3 payments'],
  ],
  [
    'an order debited twice, and once more kept out of the books',
    'payments',
    () => `insert into transfers select account_id, ledger_version + 100, kind, debit_account_id,
        credit_account_id, amount_minor, currency_code, balance_after_minor, order_id, create_time
      from transfers where order_id = ${pay('PAID')}`,
    ['I1 payments', 'I2 payments', 'I4 payments', 'I20 payments', 'I13 both'],
  ],
  [
    'a paid order whose payment is gone',
    'payments',
    () => `delete from payments where order_id = ${pay('PAID')}`,
    ['I19 payments', 'I5 both'],
  ],
  [
    'a payment of another amount, its transfer with it',
    'payments',
    () => `update payments set amount_minor = 29 where order_id = ${pay('PAID')}`,
    ['I19 payments', 'I5 both'],
  ],
  [
    'a cancelled order that kept the money',
    'payments',
    () => `update payments set state = 'CAPTURED' where order_id = ${pay('CANCELLED')}`,
    ['I19 payments', 'I6 both'],
  ],
  [
    'a refund of an order that nothing was captured for',
    'payments',
    () => `update payments set state = 'REFUNDED' where order_id = ${pay('DELIVERED')}`,
    ['I19 payments', 'I5 both'],
  ],
  [
    'a transfer of another kind of money',
    'payments',
    () => `update transfers set credit_account_id = md5('SALES:EUR')::uuid
      where kind = 'PAYMENT' and order_id = ${pay('PAID')}`,
    ['I20 payments'],
  ],
  [
    'a key without an account',
    'payments',
    () => 'update requests set account_id = gen_random_uuid() where ledger_version = 0',
    ['I21 payments'],
  ],
  [
    'a request without an answer',
    'payments',
    () => `delete from outbox where about = 'orders/' || ${pay('FAILED')}`,
    ['I22 payments'],
  ],
  [
    'a request in the inbox without an effect',
    'payments',
    () => 'insert into inbox (event_id) values (gen_random_uuid())',
    ['I22 payments'],
  ],
  [
    'a payment without an order',
    'orders',
    () => `delete from order_events where order_id = ${order('VOIDED')};
      delete from requests where order_id = ${order('VOIDED')};
      delete from orders where id = ${order('VOIDED')}`,
    ['I14 both'],
  ],
  [
    'an order that went back to PENDING after its refund',
    'orders',
    () => `delete from order_events where order_id = ${order('CANCELLED')} and version > 1;
      update orders o set state = 'PENDING', version = 1, update_time = e.create_time
        from order_events e where e.order_id = o.id and o.id = ${order('CANCELLED')}`,
    ['I14 both'],
  ],
  ['an order that waits too long', 'orders', () => lastMinutes('PENDING'), ['I7 orders']],
  [
    'a gap in a history',
    'orders',
    () => `delete from order_events where order_id = ${order('SHIPPED')} and version = 3`,
    ['I8 orders'],
  ],
  [
    'a step that the table does not allow',
    'orders',
    () => `update order_events set to_state = 'DELIVERED'
        where order_id = ${order('ASSEMBLED')} and to_state = 'ASSEMBLED';
      update orders set state = 'DELIVERED' where id = ${order('ASSEMBLED')}`,
    ['I8 orders'],
  ],
  [
    'an order changed past its history',
    'orders',
    () => `update orders set state = 'SHIPPED' where id = ${order('ASSEMBLED')}`,
    ['I17 orders'],
  ],
  [
    'a history without its order',
    'orders',
    () => `delete from requests where order_id = ${order('FAILED')};
      delete from orders where id = ${order('FAILED')}`,
    ['I14 both', 'I17 orders'],
  ],
  [
    'two keys of one order',
    'orders',
    () => `insert into requests select user_id, 'another-key', fingerprint, order_id, create_time
      from requests where order_id = ${order('PAID')}`,
    ['I9 orders'],
  ],
  [
    'a key without an order',
    'orders',
    () => `update requests set order_id = gen_random_uuid() where order_id = ${order('PAID')}`,
    ['I9 orders'],
  ],
  [
    'an order that Payments was never asked for',
    'orders',
    () => `delete from outbox where about = 'orders/' || ${order('PENDING')}
      and type = 'purser.orders.v1.PaymentRequested'`,
    ['I10 orders'],
  ],
  [
    'a step that nobody was told of',
    'orders',
    () => `delete from outbox where about = 'orders/' || ${order('PAID')}
      and type = 'purser.orders.v1.OrderStateChanged'`,
    ['I10 orders'],
  ],
  [
    'lines that total another sum',
    'orders',
    () => `update orders set lines = jsonb_set(lines, '{0,quantity}', '3')
      where id = ${order('PAID')}`,
    ['I18 orders'],
  ],
  [
    'a message that stays in the outbox',
    'orders',
    () => `insert into outbox (event_id, type, subject, about, payload, create_time)
      values (gen_random_uuid(), 't', 's', 'a', '', now() - interval '2 minutes')`,
    ['I11 orders'],
  ],
  [
    'a dead letter',
    'orders',
    () => `insert into dead_letters (source, subject, headers, payload, cause, deliveries)
      values ('outbox', 's', '{}', '', 'too large', 3)`,
    ['I12 orders'],
  ],
];

for (const [what, service, sql, expected] of cases) {
  test(`${what}: ${expected.join(', ')}`, async () => {
    await script(service, `${sql()};`);
    const report = await look();
    const found = brokenChecks(report).map(({ id, where }) => `${id} ${where}`);
    assert.equal(found.toSorted(), expected.toSorted(), reportText(report));
    assert.match(reportText(report), /It means: .+\n  To do: .+/);
  });
}

test('what is on its way becomes stuck when its time is over', async () => {
  assert.equal(await broken(0), ['I7 orders']);
});

test.run();
