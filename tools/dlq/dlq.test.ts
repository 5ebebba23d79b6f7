import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { runProgram } from '#test/harness/program.ts';
import { eventually, ownNats, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as liveMigrations } from '../../services/notifications/schema/migrations.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';

const test = suite('npm run dlq');

const nats = await ownNats();
const ordersDatabase = await serviceDatabase('orders', ordersMigrations);
const paymentsDatabase = await serviceDatabase('payments', paymentsMigrations);
const notificationsDatabase = await serviceDatabase('notifications', liveMigrations);

/** What is wrong with Payments; it throws for every message while something is. */
let bug: string | undefined;
const buggyPayments: typeof payments = {
  ...payments,
  consumes: (deps) =>
    payments.consumes(deps).map((consumption) => ({
      ...consumption,
      async handle(batch) {
        if (bug) throw new Error(bug);
        await consumption.handle(batch);
      },
    })),
};
const natsUrl = nats.url;
const ordersService = await testService(orders, { databaseUrl: ordersDatabase.url, natsUrl });
const paymentsService = await testService(buggyPayments, {
  databaseUrl: paymentsDatabase.url,
  natsUrl,
});

test.after(async () => {
  await Promise.all([ordersService.stop(), paymentsService.stop()]);
  const databases = [ordersDatabase, paymentsDatabase, notificationsDatabase];
  await Promise.all(databases.map((database) => database.close()));
  await nats.stop();
});
test.after.each(() => {
  bug = undefined;
});

const script = resolve(import.meta.dirname, 'main.ts');

async function dlq(...args: string[]) {
  const env = {
    PATH: process.env['PATH'],
    PURSER_ORDERS_DATABASE_URL: ordersDatabase.urlOf('operations'),
    PURSER_PAYMENTS_DATABASE_URL: paymentsDatabase.urlOf('operations'),
    PURSER_NOTIFICATIONS_DATABASE_URL: notificationsDatabase.urlOf('operations'),
  };
  return runProgram(process.execPath, [script, ...args], { env });
}

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

async function openAccount(): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await paymentsService.call(`${service}/CreateAccount`, { account, requestId: '' }, userId);
  const amount = usd(100n);
  await paymentsService.call(`${service}/TopUpAccount`, { amount, requestId: '' }, userId);
  return userId;
}

/** An order whose request Payments dies of. */
async function poison(userId: string, cause: string): Promise<{ name: string; letter: string }> {
  bug = cause;
  const order = { ...Order.decode(new Uint8Array()), amount: usd(10n) };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  const { name } = await ordersService.call<Order>(path, { order, requestId: '' }, userId);
  const [letter] = await eventually(
    () =>
      paymentsDatabase.sql<{ id: string }>('select id from dead_letters where about = $1', [name]),
    ({ length }) => length === 1,
  );
  bug = undefined;
  return { name, letter: letter!.id };
}

const paid = (name: string) =>
  eventually(
    () =>
      ordersDatabase.sql<{ state: string }>('select state from orders where id = $1', [
        name.slice(7),
      ]),
    ([order]) => order?.state === 'PAID',
  );

async function letterOf(id: string) {
  const [row] = await paymentsDatabase.sql<{ resolution: string | null; reason: string | null }>(
    'select resolution, reason from dead_letters where id = $1',
    [id],
  );
  return row;
}

const debits = async (userId: string) =>
  (
    await paymentsDatabase.sql(
      `select from transfers t join accounts a on a.id = t.account_id
       where t.kind = 'PAYMENT' and a.user_id = $1`,
      [userId],
    )
  ).length;

test('a message that died of a bug is replayed when that is mended, to one effect', async () => {
  const userId = await openAccount();
  const { name, letter } = await poison(userId, 'division by zero');
  assert.equal(await dlq('replay', letter), { exit: 0, output: `${letter}  replayed\n` });
  await paid(name);
  assert.is((await letterOf(letter))?.resolution, 'REPLAYED');
  const again = await Promise.all([dlq('replay', letter), dlq('replay', letter)]);
  assert.ok(again.every(({ exit }) => exit === 0 || exit === 1));
  await eventually(
    () => ordersDatabase.sql<{ open: bigint }>('select max(publication) as open from outbox'),
    ([row]) => Number(row?.open) >= 3,
  );
  // A message behind it has been handled: so were the replays before it.
  const other = await poison(userId, 'another one');
  await dlq('replay', other.letter);
  await paid(other.name);
  assert.is(await debits(userId), 2);
});

test('what dies again waits again', async () => {
  const userId = await openAccount();
  const { name, letter } = await poison(userId, 'still broken');
  bug = 'broken in another way';
  await dlq('replay', letter);
  const causes = 'select cause, resolution from dead_letters where id = $1';
  await eventually(
    () => paymentsDatabase.sql<{ cause: string; resolution: unknown }>(causes, [letter]),
    ([row]) => row!.cause.includes('another way') && row!.resolution === null,
  );
  bug = undefined;
  await dlq('replay', '--cause', 'ANOTHER WAY');
  await paid(name);
});

test('they are listed by what they have in common, and replayed by it', async () => {
  const userId = await openAccount();
  const [first, second, third] = [
    await poison(userId, 'no such column'),
    await poison(userId, 'no such column'),
    await poison(userId, 'overflow'),
  ];
  const { output } = await dlq('list', '--cause', 'such', '--type', 'PaymentRequested');
  assert.match(output, new RegExp(`^${second.letter} .*\n.*such column\n${first.letter} `));
  assert.not.match(output, new RegExp(third.letter));
  const page = await dlq('list', '--limit', '1', '--service', 'payments');
  assert.match(page.output, new RegExp(`There may be more: --before ${third.letter}\n$`));
  const next = await dlq('list', '--limit', '1', '--before', third.letter);
  assert.match(next.output, new RegExp(`^${second.letter} `));
  assert.match((await dlq('list', '--service', 'orders')).output, /There are no dead letters/);
  assert.match((await dlq('list', '--since', '2999-01-01')).output, /There are no dead letters/);

  await dlq('replay', '--cause', 'no such column');
  await paid(first.name);
  await paid(second.name);
  assert.is((await letterOf(third.letter))?.resolution, null);
  await dlq('replay', '--all');
  await paid(third.name);
  assert.match((await dlq('list')).output, /There are no dead letters/);
  assert.match((await dlq('list', '--resolved')).output, /\[replayed\]/);
});

test('one is shown with its payload as JSON', async () => {
  const userId = await openAccount();
  const { name, letter } = await poison(userId, 'a cause');
  const shown = JSON.parse((await dlq('show', letter)).output) as {
    payload: { order: string; amount: object };
    headers: Record<string, string>;
    cause: string;
    deliveries: number;
  };
  assert.is(shown.payload.order, name);
  assert.equal(shown.payload.amount, { currencyCode: 'USD', amountMinor: '10' });
  assert.is(shown.headers['ce-type'], 'purser.orders.v1.PaymentRequested');
  assert.equal([shown.cause, shown.deliveries > 0], ['Error: a cause', true]);
  await dlq('replay', letter);
});

test('discarding wants a reason, and keeps it', async () => {
  const userId = await openAccount();
  const { letter } = await poison(userId, 'hopeless');
  for (const args of [[], ['--reason', ' ']]) {
    const { exit, output } = await dlq('discard', letter, ...args);
    assert.is(exit, 2);
    assert.match(output, /^Discarding needs --reason TEXT, which is kept\.\nUsage: /);
  }
  assert.equal(await letterOf(letter), { resolution: null, reason: null });
  const { exit } = await dlq('discard', letter, '--reason', 'the user has cancelled');
  assert.is(exit, 0);
  const kept = { resolution: 'DISCARDED', reason: 'the user has cancelled' };
  assert.equal(await letterOf(letter), kept);
  assert.is(await debits(userId), 0);
});

test('what the outbox did not write is not published in its name', async () => {
  const insert = (eventId: string | null, type: string | null) =>
    paymentsDatabase.sql<{ id: string }>(
      `insert into dead_letters
         (source, event_id, type, subject, headers, payload, cause, deliveries)
       values ('payments-payment-requests', $1, $2, 's', '{}', '\\xff', 'c', 1) returning id`,
      [eventId, type],
    );
  const [forged] = await insert(randomUUID(), 'purser.orders.v1.PaymentRequested');
  const [nameless] = await insert(null, null);
  const both = [forged!.id, nameless!.id];
  const { exit, output } = await dlq('replay', ...both);
  assert.is(exit, 1);
  assert.match(output, new RegExp(`${both[0]}  unknown event`));
  assert.match(output, new RegExp(`${both[1]}  no event`));
  assert.match((await dlq('show', both[0]!)).output, /payloadProblem/);
  await dlq('discard', ...both, '--reason', 'forged');
});

test('an event that could not be published is published again from its outbox', async () => {
  const userId = await openAccount();
  const { name, letter } = await poison(userId, 'x');
  const [row] = await ordersDatabase.sql<{ id: string }>(
    `insert into dead_letters
       (source, event_id, type, subject, about, headers, payload, cause, deliveries)
     select 'outbox', event_id, type, subject, about, '{}', payload, 'too large', 3
     from outbox where about = $1 and type like '%PaymentRequested' returning id`,
    [name],
  );
  const { output } = await dlq('replay', row!.id);
  assert.is(output, `${row!.id}  replayed\n`);
  await paid(name);
  await dlq('discard', letter, '--reason', 'replayed from the outbox');
});

test('what Notifications could not handle is replayed by its publisher', async () => {
  const { name, letter } = await poison(await openAccount(), 'y');
  const events = await ordersDatabase.sql<{ event_id: string; subject: string; payload: Buffer }>(
    "select event_id, subject, payload from outbox where about = $1 and type like '%Changed'",
    [name],
  );
  const { event_id: eventId, subject, payload } = events[0]!;
  const [row] = await notificationsDatabase.sql<{ id: string }>(
    `insert into dead_letters (source, event_id, type, subject, headers, payload, cause, deliveries)
     values ('notifications-orders', $1, 'purser.orders.v1.OrderStateChanged', $2, '{}', $3, 'z', 1)
     returning id`,
    [eventId, subject, payload],
  );
  assert.match((await dlq('list', '--service', 'notifications')).output, /OrderStateChanged/);
  assert.is((await dlq('replay', row!.id, letter)).exit, 0);
  const again = 'select from outbox where event_id = $1 and publication = 2';
  assert.is((await ordersDatabase.sql(again, [eventId])).length, 1);
});

test('a wrong call says how it is meant', async () => {
  for (const args of [
    [],
    ['mend'],
    ['replay'],
    ['replay', '--all', '--limit', '5'],
    ['replay', '--all', randomUUID()],
    ['show'],
    ['show', 'x'],
    ['list', randomUUID()],
    ['list', '--limit', '0'],
    ['list', '--before', 'x'],
  ]) {
    const { exit, output } = await dlq(...args);
    assert.is(exit, 2, args.join(' '));
    assert.match(output, 'Usage: npm run dlq -- list');
  }
  assert.match((await dlq('show', randomUUID())).output, /^There is no dead letter \S+\.\n$/);
  assert.match((await dlq('list', '--since', 'soon')).output, /--since takes a time, not soon/);
});

test.run();
