import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { type PaymentRequested } from '#gen/purser/orders/v1/events.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import type { Payment } from '#gen/purser/payments/v1/payment.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { testPublisher } from '#test/harness/publish.ts';
import { eventually, ownNats, serviceDatabase, testService } from '#test/harness/service.ts';
import { paymentRequested } from '../orders/published.ts';
import { migrations } from './schema/migrations.ts';
import { payments } from './service.ts';

// For tests of settling: three instances of Payments in this process, and a stand-in for Orders.

const nats = await ownNats();
export const database = await serviceDatabase('payments', migrations);
const settings = { databaseUrl: database.url, natsUrl: nats.url };
export const instances = await Promise.all([1, 2, 3].map(() => testService(payments, settings)));
export const service = instances[0]!;
export const broker = await testPublisher(nats.url, 'orders');

/** Call it after the tests. */
export async function closeFixture(): Promise<void> {
  await broker.close();
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.close();
  await nats.stop();
}

export const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

export async function openAccount(balance: bigint, currencyCode = 'USD'): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const account = { ...Account.decode(new Uint8Array()), currencyCode };
  await service.call(
    '/purser.payments.v1.AccountService/CreateAccount',
    { account, requestId: '' },
    userId,
  );
  if (balance > 0n) {
    const amount = { currencyCode, amountMinor: balance };
    await service.call(
      '/purser.payments.v1.AccountService/TopUpAccount',
      { amount, requestId: '' },
      userId,
    );
  }
  return userId;
}

export function requestFor(
  userId: string,
  amountMinor: bigint,
  change: Partial<PaymentRequested> = {},
): OutboxEvent {
  const order = `orders/${randomUUIDv7()}`;
  const message = { order, userId, amount: usd(amountMinor), requestTime: new Date(), ...change };
  return paymentRequested.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: message.order,
    message,
  });
}

export function paymentOf(event: OutboxEvent, userId: string): Promise<Payment> {
  return service.call(
    '/purser.payments.v1.PaymentService/GetPayment',
    { name: `${event.about}/payment` },
    userId,
  );
}
export function settled(event: OutboxEvent, userId: string): Promise<Payment> {
  return eventually(
    () => paymentOf(event, userId).catch(() => undefined),
    (payment) => payment !== undefined,
  ) as Promise<Payment>;
}
export async function balanceOf(userId: string): Promise<bigint | undefined> {
  return (await service.call<Account>('/purser.payments.v1.AccountService/GetAccount', {}, userId))
    .balance?.amountMinor;
}
export function resultsOf(event: OutboxEvent) {
  return database.sql<{ type: string; payload: Buffer; event_id: string }>(
    'select type, payload, event_id from outbox where about = $1 order by tx, seq',
    [event.about],
  );
}

/**
 * What must hold of a wallet whatever happened: the books balance and are numbered without a gap.
 */
export async function checkBooks(userId: string): Promise<void> {
  const [row] = await database.sql<Record<string, bigint>>(
    `
    select a.balance_minor as balance, a.ledger_version as version, count(*) as entries,
      max(t.ledger_version) as last,
      sum(case when t.credit_account_id = a.id then t.amount_minor
        else -t.amount_minor end)::bigint as total
    from accounts a join transfers t on t.account_id = a.id where a.user_id = $1 group by a.id`,
    [userId],
  );
  assert.equal(
    [row?.['total'], row?.['last'], row?.['entries']],
    [row?.['balance'], row?.['version'], row?.['version']],
  );
}
