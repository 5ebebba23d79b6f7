import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import { Broker } from '#lib/nats/broker.ts';
import { streamOf, trimStream } from '#lib/nats/topology.ts';
import { eventually, serviceDatabase, testLog, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { audit } from '../../services/operations/audit/audit.ts';
import { migrations as telling } from '../../services/notifications/schema/migrations.ts';
import { notifications } from '../../services/notifications/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';
import { startDeployedBroker } from './broker-fixture.ts';

const test = suite('what the broker of the containers lets each service do');

const deployed = await startDeployedBroker();
const databases = {
  orders: await serviceDatabase('orders', ordersMigrations),
  payments: await serviceDatabase('payments', paymentsMigrations),
  notifications: await serviceDatabase('notifications', telling),
};
const paymentsService = await testService(payments, {
  databaseUrl: databases.payments.url,
  natsUrl: deployed.urlOf('payments'),
});
const ordersService = await testService(orders, {
  databaseUrl: databases.orders.url,
  natsUrl: deployed.urlOf('orders'),
});
const notificationsService = await testService(notifications, {
  databaseUrl: databases.notifications.url,
  natsUrl: deployed.urlOf('notifications'),
});
const brokers = new Map<string, Broker>();
for (const name of ['orders', 'payments', 'notifications', 'operations']) {
  const onLost = (error: Error) => assert.unreachable(error.message);
  const url = deployed.urlOf(name);
  brokers.set(name, new Broker({ url, name: `purser-${name}`, log: testLog, onLost }));
}

test.after(async () => {
  for (const broker of brokers.values()) await broker.close();
  await notificationsService.stop();
  await ordersService.stop();
  await paymentsService.stop();
  await databases.orders.close();
  await databases.payments.close();
  await databases.notifications.close();
  await deployed.stop();
});

test('all that the services do by themselves: an order is paid for, then cancelled', async () => {
  const amount = { currencyCode: 'USD', amountMinor: 500n };
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  const accounts = '/purser.payments.v1.AccountService';
  await paymentsService.call(`${accounts}/CreateAccount`, { account, requestId: '' });
  await paymentsService.call(`${accounts}/TopUpAccount`, { amount, requestId: '' });
  const call = (method: string, request: unknown) =>
    ordersService.call<Order>(`/purser.orders.v1.OrderService/${method}`, request);
  const order = { ...Order.decode(new Uint8Array()), amount };
  const created = await call('CreateOrder', { order, requestId: '' });
  const reaches = (state: Order_State) =>
    eventually(
      () => call('GetOrder', { name: created.name }),
      (found) => found.state === state,
    );
  await reaches(Order_State.PAID);
  await call('CancelOrder', { name: created.name, reason: '', etag: '' });
  await reaches(Order_State.CANCELLED);
  const path = '/purser.notifications.v1.NotificationService/ListNotifications';
  const request = { pageSize: 0, pageToken: '', unreadOnly: false };
  await eventually(
    () => notificationsService.call<{ notifications: unknown[] }>(path, request),
    (list) => list.notifications.length >= 2,
  );
});

test('the audit reads both streams, twice in a row', async () => {
  for (const round of [1, 2]) {
    const { checks, sources } = await audit({
      orders: databases.orders.urlOf('operations'),
      payments: databases.payments.urlOf('operations'),
      nats: deployed.urlOf('operations'),
      consumer: 'operations-audit',
    });
    assert.match(sources['broker'] ?? '', /ORDERS \d+ messages, PAYMENTS \d+ messages/, `${round}`);
    const streams = checks.filter(({ id }) => id === 'I23');
    assert.is(streams.length, 2);
    for (const { checked, broken } of streams) {
      assert.ok(checked > 0);
      assert.equal(broken, []);
    }
  }
});

for (const user of ['orders', 'payments']) {
  test(`${user} makes room in its own stream`, async () => {
    const connection = await brokers.get(user)!.connected();
    const name = user.toUpperCase();
    assert.is((await trimStream(connection, { ...streamOf(user), bytesMax: 1 })) > 0, true);
    const manager = await jetstreamManager(connection, { checkAPI: false });
    assert.is((await manager.streams.info(name)).state.messages, 0);
  });
}

// Whatever is not on the list of a user is refused; these are the ways in that matter.
const refused: [user: string, how: 'publish' | 'subscribe', subject: string][] = [
  ['orders', 'publish', 'purser.v1.payments.payment_captured.ann'],
  ['orders', 'publish', 'purser.wake.payments'],
  ['orders', 'publish', '$JS.API.STREAM.UPDATE.PAYMENTS'],
  ['orders', 'publish', '$JS.API.STREAM.DELETE.ORDERS'],
  ['orders', 'publish', '$JS.API.STREAM.PURGE.PAYMENTS'],
  ['orders', 'publish', '$JS.API.STREAM.MSG.GET.PAYMENTS'],
  ['orders', 'publish', '$JS.API.CONSUMER.CREATE.PAYMENTS.spy.purser.v1.payments.>'],
  ['orders', 'publish', '$JS.API.CONSUMER.MSG.NEXT.ORDERS.payments-payment-requests'],
  ['orders', 'publish', '$JS.API.CONSUMER.DELETE.PAYMENTS.orders-payment-results'],
  ['orders', 'publish', '$JS.ACK.ORDERS.payments-payment-requests.1.1.1.1.0'],
  ['orders', 'subscribe', 'purser.v1.>'],
  ['orders', 'subscribe', '>'],
  ['orders', 'subscribe', '_INBOX.>'],
  ['orders', 'subscribe', '_INBOX.purser-payments.>'],
  ['payments', 'publish', 'purser.v1.orders.payment_requested.ann'],
  ['payments', 'publish', '$JS.API.STREAM.UPDATE.ORDERS'],
  ['payments', 'publish', '$JS.API.STREAM.DELETE.ORDERS'],
  ['payments', 'publish', '$JS.ACK.PAYMENTS.orders-payment-results.1.1.1.1.0'],
  ['payments', 'subscribe', '_INBOX.purser-orders.>'],
  ['payments', 'subscribe', 'purser.wake.orders'],
  ['notifications', 'publish', 'purser.v1.orders.order_state_changed.ann'],
  ['notifications', 'publish', 'purser.v1.payments.payment_captured.ann'],
  ['notifications', 'publish', '$JS.API.STREAM.UPDATE.ORDERS'],
  ['notifications', 'publish', '$JS.API.CONSUMER.MSG.NEXT.ORDERS.payments-payment-requests'],
  ['notifications', 'subscribe', 'purser.v1.orders.>'],
  ['orders', 'subscribe', 'purser.live.*'],
  ['operations', 'publish', 'purser.v1.orders.order_state_changed.ann'],
  ['operations', 'publish', '$JS.API.STREAM.PURGE.ORDERS'],
  ['operations', 'publish', '$JS.API.CONSUMER.CREATE.ORDERS.payments-payment-requests'],
  ['operations', 'publish', '$JS.API.CONSUMER.DELETE.ORDERS.payments-payment-requests'],
  ['operations', 'publish', '$JS.ACK.ORDERS.payments-payment-requests.1.1.1.1.0'],
  ['operations', 'subscribe', 'purser.v1.>'],
];
for (const [user, how, subject] of refused) {
  test(`${user} may not ${how} ${subject}`, async () => {
    const connection = await brokers.get(user)!.connected();
    assert.match(await violation(connection, how, subject), subject);
  });
}

test('an event in the name of another service does not reach its stream', async () => {
  const connection = await brokers.get('payments')!.connected();
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const before = (await manager.streams.info('PAYMENTS')).state.messages;
  const forged = jetstream(await brokers.get('orders')!.connected()).publish(
    'purser.v1.payments.payment_captured.ann',
    'forged',
    { timeout: 500 },
  );
  assert.ok((await forged.catch((error) => error)) instanceof Error);
  assert.is((await manager.streams.info('PAYMENTS')).state.messages, before);
});

test('nobody comes in without a password, or with another one', async () => {
  const { host } = new URL(deployed.url);
  const wrong = [{}, { user: 'orders', pass: 'wrong' }, { user: 'orders', pass: '' }];
  for (const credentials of wrong) {
    const attempt = connect({ servers: host, reconnect: false, ...credentials });
    const error = await attempt.catch((cause) => cause as Error);
    assert.match(String(error), /authorization/i);
  }
});

/** What the server says about an attempt within a second; empty when it has no objection. */
async function violation(
  connection: NatsConnection,
  how: 'publish' | 'subscribe',
  subject: string,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  if (how === 'subscribe') {
    const subscription = connection.subscribe(subject, { callback: (e) => resolve(String(e)) });
    setTimeout(() => subscription.unsubscribe(), 1_000);
  } else {
    const statuses = connection.status();
    void (async () => {
      for await (const status of statuses) {
        if (status.type === 'error') resolve(String(status.error));
      }
    })();
    connection.publish(subject, '{}');
  }
  setTimeout(resolve, 1_000, '');
  return promise;
}

test.run();
