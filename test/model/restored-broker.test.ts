import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { BreakableNats } from '#lib/nats/breakable-nats.ts';
import { isPublished } from '#lib/outbox/is-published.ts';
import { eventually, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';

const test = suite('an old copy of the broker is restored');

const nats = await BreakableNats.create();
await nats.start();
const ordersDatabase = await serviceDatabase('orders', ordersMigrations);
const paymentsDatabase = await serviceDatabase('payments', paymentsMigrations);

let passedMs = 0;
const clock = () => new Date(Date.now() + passedMs);

const startPayments = () =>
  testService(payments, { databaseUrl: paymentsDatabase.url, natsUrl: nats.url, clock });
let paymentsService = await startPayments();
const target = `127.0.0.1:${paymentsService.port}`;
const ordersSettings = { databaseUrl: ordersDatabase.url, natsUrl: nats.url, clock };
let ordersService = await testService(orders, { ...ordersSettings, targets: { payments: target } });

test.after(async () => {
  await ordersService.stop();
  await paymentsService.stop();
  await ordersDatabase.close();
  await paymentsDatabase.close();
  await nats.stop();
});

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const userId = `user-${randomUUID()}`;

async function openAccount(): Promise<void> {
  const service = '/purser.payments.v1.AccountService';
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  await paymentsService.call(`${service}/CreateAccount`, { account, requestId: '' }, userId);
  const amount = usd(1_000n);
  await paymentsService.call(`${service}/TopUpAccount`, { amount, requestId: '' }, userId);
}

function createAll(count: number): Promise<unknown> {
  const order = { ...Order.decode(new Uint8Array()), amount: usd(10n) };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  const create = () => ordersService.call(path, { order, requestId: '' }, userId);
  return Promise.all(Array.from({ length: count }, create));
}

const countIn = async (database: typeof ordersDatabase, text: string) =>
  Number((await database.sql<{ count: bigint }>(`select count(*) from ${text}`))[0]!.count);

const waiting = () => countIn(ordersDatabase, "orders where state = 'PENDING'");
const unpublished = (database: typeof ordersDatabase) =>
  countIn(database, `outbox o cross join outbox_relay r where not ${isPublished}`);
const none = (count: number) => count === 0;

test(
  'requests and results that the copy does not have come again, and nothing twice',
  async () => {
    await openAccount();
    await createAll(20);
    await eventually(waiting, none, 20_000);
    await nats.killAndCopy();
    await nats.start();

    // Twenty requests that only the broker has.
    await paymentsService.stop();
    await createAll(20);
    await eventually(() => unpublished(ordersDatabase), none);
    await nats.killAndRestore();
    await nats.start();
    paymentsService = await startPayments();
    await ordersService.stop();
    const targets = { payments: `127.0.0.1:${paymentsService.port}` };
    ordersService = await testService(orders, { ...ordersSettings, targets });
    await createAll(20);
    await eventually(waiting, (count) => count === 20);
    passedMs += 31_000;
    await eventually(waiting, none, 20_000);

    // Twenty results that only the broker has, because nobody takes them.
    await ordersService.stop();
    const deaf: typeof orders = { ...orders, consumes: () => [], jobs: () => [] };
    ordersService = await testService(deaf, { ...ordersSettings, targets });
    await createAll(20);
    await eventually(
      () => countIn(paymentsDatabase, 'payments'),
      (count) => count === 80,
    );
    await eventually(() => unpublished(paymentsDatabase), none);
    await ordersService.stop();
    await nats.killAndRestore();
    await nats.start();
    ordersService = await testService(orders, { ...ordersSettings, targets });
    passedMs += 31_000;
    await eventually(waiting, none, 20_000);

    assert.is(await countIn(ordersDatabase, "orders where state = 'PAID'"), 80);
    const resent = await countIn(ordersDatabase, 'outbox where publication = 2');
    const healed = await countIn(ordersDatabase, "order_events where reason <> ''");
    assert.ok(resent >= 20 && healed >= 20, `${resent} sent again, ${healed} healed`);
    assert.is(await countIn(paymentsDatabase, "transfers where kind = 'PAYMENT'"), 80);
    const [account] = await paymentsDatabase.sql('select balance_minor from accounts');
    assert.equal(account, { balance_minor: 200n });
  },
  { timeoutMs: 120_000 },
);

test.run();
