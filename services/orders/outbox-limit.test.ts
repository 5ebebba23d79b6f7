import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { CreateOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { BreakableNats } from '#lib/nats/breakable-nats.ts';
import { eventually, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('an outbox that fills while the broker is away');

const nats = await BreakableNats.create();
const database = await serviceDatabase('orders', migrations);
const service = await testService(orders, {
  databaseUrl: database.url,
  natsUrl: nats.url,
  outboxRowsMax: 40,
});
const client = new Client(`127.0.0.1:${service.port}`, credentials.createInsecure());

test.after(async () => {
  client.close();
  await service.stop();
  await database.close();
  await nats.stop();
});

/** The name of the order, or what a caller is told. */
function create(): Promise<string> {
  const order = {
    ...Order.decode(new Uint8Array()),
    amount: { currencyCode: 'USD', amountMinor: 1n },
  };
  const metadata = new Metadata();
  metadata.set('x-user-id', 'ann');
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/purser.orders.v1.OrderService/CreateOrder',
      (request: CreateOrderRequest) => Buffer.from(CreateOrderRequest.encode(request).finish()),
      (bytes: Buffer) => Order.decode(bytes),
      { order, requestId: '' },
      metadata,
      (error: ServiceError | null, created?: Order) => {
        const refusal = error && fromServiceError(error);
        resolve(refusal ? `${refusal.reason} ${refusal.retryDelayMs}` : created!.name);
      },
    );
  });
}

test(
  'orders are accepted up to the limit, then refused, and accepted when the broker is back',
  async () => {
    const names: string[] = [];
    const refusal = await eventually(
      async () => {
        const answer = await create();
        if (answer.startsWith('orders/')) names.push(answer);
        return answer;
      },
      (answer) => !answer.startsWith('orders/'),
    );
    assert.is(refusal, 'OVERLOADED 5000');
    assert.ok(names.length >= 20, `two rows each, ${names.length} orders`);
    const read = await service.call('/purser.orders.v1.OrderService/GetOrder', { name: names[0] });
    assert.is(read.name, names[0], 'reading goes on');
    await nats.start();
    const accepted = await eventually(create, (answer) => answer.startsWith('orders/'), 20_000);
    assert.match(accepted, /^orders\//);
    const [count] = await database.sql('select count(*) as n from orders');
    assert.is(count!['n'], BigInt(names.length + 1), 'what was refused was not done');
  },
  { timeoutMs: 120_000 },
);

test.run();
