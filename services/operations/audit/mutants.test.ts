import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { unpublishedRows } from '#lib/outbox/is-published.ts';
import { Relay } from '#lib/outbox/relay.ts';
import type { OutboxRow, RelayBroker, RelayStore } from '#lib/outbox/relay-ports.ts';
import { relayStore } from '#lib/outbox/relay-store.ts';
import { Database } from '#lib/pg/database.ts';
import type { Statement } from '#lib/pg/transaction.ts';
import { eventually, testLog } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { openWithoutBroker } from '#test/harness/without-broker.ts';
import { audit } from './audit.ts';
import { brokenChecks, reportText } from './report.ts';

// The code with one thing wrong. Orders are paid, refused and cancelled with it on real tables,
// every message comes twice, and the audit must name what that breaks.

interface Mutant {
  what: string;
  /** All that the audit finds. */
  broken: string[];
  /** A statement of Payments, and what its text has instead of what. */
  statement?: { name: string; instead: [old: string, changed: string][] };
  /** The relay of Orders. */
  store?(store: RelayStore): RelayStore;
  broker?(broker: RelayBroker): RelayBroker;
  /** A unique key of Payments that would stop it. */
  without?: { drop: string; create: string };
}

const booking = 'select input.*, $10 from input join changed on changed.id = account_id';

const columns = `kind, debit_account_id, credit_account_id, amount_minor, currency_code,
  balance_after_minor, order_id, $10`;

const mutants: Mutant[] = [
  {
    what: 'the ledger changes a balance without a transfer',
    statement: {
      name: 'book_transfers',
      instead: [
        [booking, `${booking} where false`],
        ['from booked', 'from input'],
      ],
    },
    broken: ['I1 payments', 'I19 payments', 'I20 payments', 'I13 both'],
  },
  {
    what: 'the ledger books a transfer twice',
    statement: {
      name: 'book_transfers',
      instead: [
        [
          booking,
          `select account_id, ledger_version + again, ${columns}
          from input join changed on changed.id = account_id
            cross join (values (0), (100)) as t (again)`,
        ],
        ['from booked', 'from input'],
      ],
    },
    without: {
      drop: 'drop index transfers_once_per_order_and_kind',
      create: `create unique index transfers_once_per_order_and_kind on transfers (order_id, kind)
        where order_id is not null`,
    },
    broken: ['I1 payments', 'I2 payments', 'I4 payments', 'I20 payments', 'I13 both'],
  },
  {
    what: 'the ledger skips a version',
    statement: {
      name: 'book_transfers',
      instead: [['ledger_version + entries', 'ledger_version + entries + 1']],
    },
    broken: ['I1 payments', 'I2 payments'],
  },
  {
    what: 'the ledger refunds a payment and goes on calling it captured',
    statement: {
      name: 'write_payments',
      instead: [["set state = 'REFUNDED'", "set state = 'CAPTURED'"]],
    },
    broken: ['I19 payments', 'I6 both'],
  },
  {
    what: 'a decision is not told',
    statement: {
      name: 'write_payments',
      instead: [['$18::text[]\n      )', '$18::text[]\n      ) where false']],
    },
    broken: ['I7 orders', 'I22 payments'],
  },
  {
    what: 'the inbox forgets what it has seen',
    statement: {
      name: 'insert-into-inbox',
      instead: [
        ['insert into inbox', 'with kept as (insert into inbox'],
        [
          'returning event_id',
          'returning event_id) select distinct id as event_id from unnest($1::uuid[]) as t (id)',
        ],
      ],
    },
    broken: ['I22 payments'],
  },
  {
    what: 'the inbox takes what is new for what it has seen',
    statement: {
      name: 'insert-into-inbox',
      instead: [
        ['insert into inbox', 'with kept as (insert into inbox'],
        ['returning event_id', 'returning event_id) select event_id from kept limit 0'],
      ],
    },
    broken: ['I7 orders', 'I22 payments'],
  },
  {
    what: 'the relay passes over a row',
    store: (store) => ({
      ...store,
      async read(after, limit) {
        const { rows, lagMs } = await store.read(after, limit);
        return { rows: rows.filter(({ type }) => !type.endsWith('.PaymentRequested')), lagMs };
      },
    }),
    broken: ['I7 orders'],
  },
  {
    what: 'the relay takes a publish without an answer for done',
    broker: () => ({
      publish: async (rows) => rows.map(() => ({ kind: 'stored', duplicate: false })),
    }),
    broken: ['I7 orders'],
  },
];

const test = suite('what the audit notices');

let mutant: Mutant = { what: 'nothing', broken: [] };

function change(statement: Statement): Statement {
  if (statement.name !== mutant.statement?.name) return statement;
  let { text } = statement;
  for (const [old, changed] of mutant.statement.instead) {
    assert.ok(text.includes(old), `${statement.name} has no “${old}” any more`);
    text = text.replace(old, () => changed);
  }
  return { name: `${statement.name}: ${mutant.what}`.slice(0, 60), text };
}

const { orders, payments, close } = await openWithoutBroker({ change });
const services = { orders, payments };
type Name = keyof typeof services;
const open = (name: Name) =>
  Database.open({ url: services[name].database.url, applicationName: 'test', entities: [] });
const databases = { orders: await open('orders'), payments: await open('payments') };
test.after(async () => {
  await Promise.all([databases.orders.close(), databases.payments.close()]);
  await close();
});

/** What the broker has of both services, and nobody has got yet. */
let published: { from: Name; row: OutboxRow }[] = [];
let relays: Relay[] = [];

function startRelay(service: Name): Relay {
  const ofMutant = service === 'orders' ? mutant : undefined;
  const store = relayStore(databases[service]);
  const broker: RelayBroker = {
    async publish(rows) {
      published.push(...rows.map((row) => ({ from: service, row })));
      return rows.map(() => ({ kind: 'stored', duplicate: false }));
    },
  };
  const relay = new Relay({
    service,
    store: ofMutant?.store?.(store) ?? store,
    broker: ofMutant?.broker?.(broker) ?? broker,
    hints: { send() {}, listen() {} },
    log: testLog,
  });
  relay.start();
  return relay;
}

const tables: Record<Name, string> = {
  orders: 'orders, order_events, requests, outbox, dead_letters',
  payments: 'accounts, transfers, payments, inbox, requests, outbox, dead_letters',
};

async function begin(next: Mutant): Promise<void> {
  mutant = next;
  published = [];
  const { sql } = payments.database;
  if (mutant.without) await sql(mutant.without.drop);
  relays = [startRelay('orders'), startRelay('payments')];
}

test.after.each(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  for (const name of ['orders', 'payments'] as const) {
    await services[name].database.sql(`truncate ${tables[name]} cascade`);
  }
  if (mutant.without) await payments.database.sql(mutant.without.create);
});

async function hasPublished(): Promise<boolean> {
  const counts = await Promise.all(
    [orders, payments].map(({ database }) =>
      database.sql<{ count: bigint }>(`select count(*) ${unpublishedRows}`),
    ),
  );
  return counts.every(([row]) => row?.count === 0n);
}

/** Delivers until nothing is on its way, everything twice. */
async function deliverAll(): Promise<void> {
  for (;;) {
    for (const relay of relays) relay.wake();
    await eventually(hasPublished, Boolean);
    const messages = published.splice(0);
    if (messages.length === 0) return;
    for (const { from, row } of [...messages, ...messages]) {
      const to = from === 'orders' ? payments : orders;
      const { eventId, type, about, subject, payload, createTime: time } = row;
      const message = { eventId, type, about, subject, payload, time, traceparent: undefined };
      await to.deliver([{ ...message, deliveries: 1, streamed: undefined }]);
    }
  }
}

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

async function order(userId: string, amountMinor: bigint): Promise<string> {
  const wanted = { ...Order.decode(new Uint8Array()), amount: usd(amountMinor) };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  const { name } = await orders.call<Order>(
    path,
    { order: wanted, requestId: randomUUID() },
    userId,
  );
  await deliverAll();
  return name;
}

/** An order that is paid, one that is too dear, and one that is paid and cancelled. */
async function trade(): Promise<void> {
  const userId = `user-${randomUUID()}`;
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await payments.call(`${service}/CreateAccount`, { account, requestId: '' }, userId);
  await payments.call(`${service}/TopUpAccount`, { amount: usd(100n), requestId: '' }, userId);
  await order(userId, 60n);
  await order(userId, 60n);
  const name = await order(userId, 30n);
  const request = { name, reason: '', etag: '' };
  await orders.call('/purser.orders.v1.OrderService/CancelOrder', request, userId);
  await deliverAll();
}

const look = () =>
  audit({
    orders: orders.database.urlOf('auditor'),
    payments: payments.database.urlOf('auditor'),
    graceMs: 0,
  });

test('nothing, when nothing is wrong', async () => {
  await begin({ what: 'nothing', broken: [] });
  await trade();
  const states = await orders.database.sql<{ state: string }>('select state from orders');
  assert.equal(states.map(({ state }) => state).sort(), ['CANCELLED', 'FAILED', 'PAID']);
  const report = await look();
  assert.equal(brokenChecks(report), [], reportText(report));
});

for (const each of mutants) {
  test(`that ${each.what}: ${each.broken.join(', ')}`, async () => {
    await begin(each);
    await trade();
    const report = await look();
    const found = brokenChecks(report).map(({ id, where }) => `${id} ${where}`);
    assert.equal(found.toSorted(), each.broken.toSorted(), reportText(report));
  });
}

test.run();
