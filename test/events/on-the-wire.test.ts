import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { events } from '#gen/events.ts';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import {
  eventually,
  ownNats,
  serviceDatabase,
  testService,
  type TestService,
} from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';
import { asyncApi, differences, type Message } from './asyncapi.ts';

const test = suite('events on the wire');

const nats = await ownNats();
const ordersDatabase = await serviceDatabase('orders', ordersMigrations);
const paymentsDatabase = await serviceDatabase('payments', paymentsMigrations);
const natsUrl = nats.url;
const orderService = await testService(orders, { databaseUrl: ordersDatabase.url, natsUrl });
let paymentService: TestService | undefined;
let connection: NatsConnection;

test.after(async () => {
  await connection?.close();
  await Promise.all([orderService.stop(), paymentService?.stop()]);
  await Promise.all([ordersDatabase.close(), paymentsDatabase.close()]);
  await nats.stop();
});

const amount = { currencyCode: 'USD', amountMinor: 10n };

function createOrder(userId: string): Promise<Order> {
  const order = { ...Order.decode(new Uint8Array()), amount };
  const path = '/purser.orders.v1.OrderService/CreateOrder';
  return orderService.call(path, { order, requestId: '' }, userId);
}

function cancel({ name }: Order, userId: string): Promise<Order> {
  const request = { name, requestId: '', etag: '', reason: '' };
  return orderService.call('/purser.orders.v1.OrderService/CancelOrder', request, userId);
}

async function ends({ name }: Order, state: Order_State, userId: string): Promise<void> {
  await eventually(
    () => orderService.call<Order>('/purser.orders.v1.OrderService/GetOrder', { name }, userId),
    (order) => order.state === state,
  );
}

/** Everything in the stream now. */
async function messagesOf(stream: string): Promise<Message[]> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  const consumer = await jetstream(connection).consumers.get(stream);
  const messages: Message[] = [];
  for await (const message of await consumer.fetch({ max_messages: state.messages })) {
    const names = [...(message.headers ?? [])].map(([name, values]) => [name, values.join()]);
    const headers = Object.fromEntries(names) as Record<string, string>;
    messages.push({ subject: message.subject, headers, payload: message.data });
    if (messages.length === state.messages) break;
  }
  return messages;
}

async function openAccount(service: TestService, userId: string): Promise<void> {
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  const path = '/purser.payments.v1.AccountService';
  await service.call(`${path}/CreateAccount`, { account, requestId: '' }, userId);
  await service.call(`${path}/TopUpAccount`, { amount, requestId: '' }, userId);
}

test('services publish what gen/asyncapi.json says, and every event of it', async () => {
  // Cancelled before Payments looks: nothing is ever debited for it.
  const voided = await createOrder('ann');
  await cancel(voided, 'ann');
  paymentService = await testService(payments, { databaseUrl: paymentsDatabase.url, natsUrl });
  await ends(voided, Order_State.CANCELLED, 'ann');
  await ends(await createOrder('poor'), Order_State.FAILED, 'poor');
  await openAccount(paymentService, 'ann');
  const refunded = await createOrder('ann');
  await ends(refunded, Order_State.PAID, 'ann');
  await cancel(refunded, 'ann');
  await ends(refunded, Order_State.CANCELLED, 'ann');

  connection = await connect({ servers: natsUrl });
  const isAll = (found: Message[]) =>
    new Set(found.map(({ headers }) => headers['ce-type'])).size === Object.keys(events).length;
  const streams = Object.keys(asyncApi['x-streams']);
  const read = async () => (await Promise.all(streams.map(messagesOf))).flat();
  const messages = await eventually(read, isAll);
  assert.ok(messages.length >= 12, String(messages.length));
  assert.equal(messages.flatMap(differences), []);
});

test('the streams are as it says', async () => {
  const manager = await jetstreamManager(connection);
  for (const [name, stream] of Object.entries(asyncApi['x-streams'])) {
    const { config } = await manager.streams.info(name);
    assert.equal(
      [config.subjects, config.retention, config.max_age / 1e9, config.duplicate_window / 1e9],
      [stream.subjects, stream.retention, stream.ageMaxSeconds, stream.duplicateWindowSeconds],
    );
  }
});

test.run();
