import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import * as assert from 'uvu/assert';
import { PaymentCaptured, PaymentFailed } from '#gen/purser/payments/v1/events.ts';
import { Payment_FailureReason, Payment_State } from '#gen/purser/payments/v1/payment.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import { eventually, reasonOf } from '#test/harness/service.ts';
import { metricValue } from '#test/harness/metric-value.ts';
import { suite } from '#test/harness/suite.ts';
import {
  balanceOf,
  broker,
  checkBooks,
  closeFixture,
  database,
  instances,
  openAccount,
  paymentOf,
  requestFor,
  resultsOf,
  service,
  settled,
  usd,
} from './settlement-fixture.ts';

const test = suite('settlement');

test.after(closeFixture);

test('enough money: captured, debited, told', async () => {
  const userId = await openAccount(100n);
  const event = requestFor(userId, 60n);
  await broker.publish(event);
  const payment = await settled(event, userId);
  assert.equal(
    { ...payment, createTime: undefined, updateTime: undefined },
    {
      name: `${event.about}/payment`,
      order: event.about,
      userId,
      amount: usd(60n),
      state: Payment_State.CAPTURED,
      failureReason: Payment_FailureReason.FAILURE_REASON_UNSPECIFIED,
      ledgerVersion: 2n,
      createTime: undefined,
      updateTime: undefined,
      balanceAfter: usd(40n),
    },
  );
  assert.is(await balanceOf(userId), 40n);
  const [result] = await resultsOf(event);
  assert.is(result?.type, 'purser.payments.v1.PaymentCaptured');
  const told = PaymentCaptured.decode(result!.payload);
  assert.equal(told, {
    order: event.about,
    userId,
    amount: usd(60n),
    ledgerVersion: 2n,
    captureTime: payment.createTime,
    balance: usd(40n),
  });
  await checkBooks(userId);
});

for (const [name, balance, currency, reason] of [
  ['too little money', 10n, 'USD', 'INSUFFICIENT_FUNDS'],
  ['another currency', 1_000n, 'EUR', 'CURRENCY_MISMATCH'],
  ['no account', undefined, '', 'ACCOUNT_NOT_FOUND'],
] as const) {
  test(`${name}: failed with its reason, nothing debited, told`, async () => {
    const userId =
      balance === undefined ? `user-${randomUUID()}` : await openAccount(balance, currency);
    const event = requestFor(userId, 60n);
    await broker.publish(event);
    const payment = await settled(event, userId);
    assert.equal(
      [payment.state, payment.failureReason],
      [Payment_State.FAILED, Payment_FailureReason[reason]],
    );
    if (balance !== undefined) assert.is(await balanceOf(userId), balance);
    const [result] = await resultsOf(event);
    assert.is(PaymentFailed.decode(result!.payload).reason, Payment_FailureReason[reason]);
    assert.equal(
      await database.sql('select from transfers where order_id = $1', [event.about.slice(7)]),
      [],
    );
  });
}

test(
  'each request delivered ten times, shuffled, to three instances: one debit each',
  async () => {
    const users = await Promise.all(Array.from({ length: 5 }, () => openAccount(1_000n)));
    const events = users.flatMap((userId) =>
      Array.from({ length: 20 }, () => requestFor(userId, 10n)),
    );
    const deliveries = Array.from({ length: 10 }, () => events).flat();
    for (let last = deliveries.length - 1; last > 0; last -= 1) {
      const other = Math.floor(Math.random() * (last + 1));
      [deliveries[last], deliveries[other]] = [deliveries[other]!, deliveries[last]!];
    }
    await Promise.all(deliveries.map((event) => broker.publish(event)));
    await Promise.all(events.map((event, index) => settled(event, users[Math.floor(index / 20)]!)));
    await allAcknowledged();
    for (const userId of users) {
      assert.is(await balanceOf(userId), 800n);
      await checkBooks(userId);
    }
    const ids = events.map(({ about }) => about.slice(7));
    assert.equal(
      await database.sql('select count(*) from transfers where order_id = any($1)', [ids]),
      [{ count: 100n }],
    );
    assert.equal(
      await database.sql('select count(*) from outbox where about = any($1)', [
        events.map(({ about }) => about),
      ]),
      [{ count: 100n }],
    );
  },
  { timeoutMs: 120_000 },
);

test('requests of one order under many event ids: one debit, all answered alike', async () => {
  const userId = await openAccount(1_000n);
  const first = requestFor(userId, 10n);
  const others = Array.from({ length: 9 }, () => ({ ...first, eventId: randomUUIDv7() }));
  await Promise.all([first, ...others].map((event) => broker.publish(event)));
  const results = await eventually(
    () => resultsOf(first),
    (rows) => rows.length === 10,
  );
  const told = results.map(({ payload }) => PaymentCaptured.decode(payload));
  // The balance right after the debit is known where the debit is made, and told once.
  assert.is(told.filter(({ balance }) => balance !== undefined).length, 1);
  const alike = told.map((message) => PaymentCaptured.encode({ ...message, balance: undefined }));
  assert.is(new Set(alike.map((bytes) => Buffer.from(bytes.finish()).toString('hex'))).size, 1);
  assert.is(await balanceOf(userId), 990n);
});

test('orders of nobody under many event ids are decided once', async () => {
  const userId = `user-${randomUUID()}`;
  const first = requestFor(userId, 10n);
  await Promise.all(
    Array.from({ length: 10 }, () => broker.publish({ ...first, eventId: randomUUIDv7() })),
  );
  await eventually(
    () => resultsOf(first),
    (rows) => rows.length === 10,
  );
  assert.equal(await database.sql('select count(*) from payments where user_id = $1', [userId]), [
    { count: 1n },
  ]);
});

test('what came too late for the money stays failed when money comes', async () => {
  const userId = await openAccount(5n);
  const event = requestFor(userId, 10n);
  await broker.publish(event);
  await settled(event, userId);
  await service.call(
    '/purser.payments.v1.AccountService/TopUpAccount',
    { amount: usd(100n), requestId: '' },
    userId,
  );
  await broker.publish({ ...event, eventId: randomUUIDv7() });
  await eventually(
    () => resultsOf(event),
    (rows) => rows.length === 2,
  );
  assert.is(await balanceOf(userId), 105n);
});

const poisons: [name: string, event: (userId: string) => OutboxEvent, cause: RegExp][] = [
  ['an amount of zero', (userId) => requestFor(userId, 0n), /0 minor units/],
  ['a negative amount', (userId) => requestFor(userId, -5n), /-5 minor units/],
  [
    'a huge amount',
    (userId) => requestFor(userId, 1_000_000_000_001n),
    /1000000000001 minor units/,
  ],
  ['no amount', (userId) => requestFor(userId, 1n, { amount: undefined }), /without a currency/],
  [
    'no order',
    (userId) => requestFor(userId, 1n, { order: 'orders/x' }),
    /not the name of an order/,
  ],
  ['no user', (userId) => requestFor(userId, 1n, { userId: '' }), /without a valid user/],
  [
    'bytes that are no message',
    (userId) => ({ ...requestFor(userId, 1n), payload: new Uint8Array([10, 255, 1]) }),
    /./,
  ],
];
for (const [name, poison, cause] of poisons) {
  test(`${name}: a dead letter, and the request behind it is settled`, async () => {
    const userId = await openAccount(100n);
    const event = poison(userId);
    const good = requestFor(userId, 10n);
    await Promise.all([broker.publish(event), broker.publish(good)]);
    await settled(good, userId);
    const letters = await eventually(
      () =>
        database.sql<{ cause: string }>('select cause from dead_letters where event_id = $1', [
          event.eventId,
        ]),
      (rows) => rows.length === 1,
    );
    assert.match(letters[0]!.cause, cause);
    assert.is(await balanceOf(userId), 90n);
  });
}

test('nobody sees the payment of another', async () => {
  const userId = await openAccount(100n);
  const event = requestFor(userId, 1n);
  await broker.publish(event);
  await settled(event, userId);
  assert.is(await reasonOf(paymentOf(event, 'eve')), 'PAYMENT_NOT_FOUND');
  assert.is(
    await reasonOf(paymentOf({ ...event, about: 'orders/none' }, userId)),
    'PAYMENT_NOT_FOUND',
  );
});

test(
  'debits and top-ups at once on one account lose nothing',
  async () => {
    const userId = await openAccount(0n);
    const events = Array.from({ length: 100 }, () => requestFor(userId, 10n));
    const amount = usd(7n);
    await Promise.all([
      ...events.map((event) => broker.publish(event)),
      ...Array.from({ length: 100 }, (_, index) =>
        instances[index % 3]!.call(
          '/purser.payments.v1.AccountService/TopUpAccount',
          { amount, requestId: '' },
          userId,
        ),
      ),
    ]);
    const decided = await Promise.all(events.map((event) => settled(event, userId)));
    const captured = BigInt(decided.filter(({ state }) => state === Payment_State.CAPTURED).length);
    assert.is(await balanceOf(userId), 700n - 10n * captured);
    await checkBooks(userId);
  },
  { timeoutMs: 120_000 },
);

test('the ledger balances as a whole, and both sides of a transfer are known', async () => {
  const [row] = await database.sql<Record<string, bigint>>(`
    with known as (select id from accounts union all select id from system_accounts)
    select (select sum(balance_minor)::bigint from accounts) as wallets,
      (select sum(case kind when 'PAYMENT' then -amount_minor else amount_minor end)::bigint
        from transfers) as moved,
      (select count(*) from transfers
        where debit_account_id not in (select id from known)
          or credit_account_id not in (select id from known)) as strangers`);
  assert.is(row?.['wallets'], row?.['moved']);
  assert.is(row?.['strangers'], 0n);
});

/** Until the broker waits for no answer any more: then nothing is left to be delivered again. */
async function allAcknowledged(): Promise<void> {
  const manager = await jetstreamManager(broker.connection);
  await eventually(
    () => manager.consumers.info('ORDERS', 'payments-payment-requests'),
    ({ num_pending, num_ack_pending }) => num_pending === 0 && num_ack_pending === 0,
  );
}

test('a request that comes again is counted as a duplicate', async () => {
  const dropped = () => metricValue('purser_duplicates_dropped_total');
  const userId = await openAccount(100n);
  const event = requestFor(userId, 60n);
  const before = await dropped();
  await broker.publish(event);
  await settled(event, userId);
  assert.is(await dropped(), before);
  await broker.publish(event);
  await eventually(dropped, (count) => count === before + 1);
});

test.run();
