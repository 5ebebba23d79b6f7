import * as assert from 'uvu/assert';
import { Order } from '#gen/purser/orders/v1/order.ts';
import type { ListOrdersResponse } from '#gen/purser/orders/v1/order_service.ts';
import { ownNats, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations } from './schema/migrations.ts';
import { orders } from './service.ts';

const test = suite('paging through many orders');

const nats = await ownNats();
const database = await serviceDatabase('orders', migrations);
const settings = { databaseUrl: database.url, natsUrl: nats.url };
const instances = await Promise.all([1, 2].map(() => testService(orders, settings)));

test.after(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.close();
  await nats.stop();
});

/** Creates orders through both instances, 100 at a time. */
async function createMany(count: number): Promise<string[]> {
  const amount = { currencyCode: 'USD', amountMinor: 1n };
  const order = { ...Order.decode(new Uint8Array()), amount };
  const names: string[] = [];
  while (names.length < count) {
    const calls = Array.from({ length: 100 }, (_, index) =>
      instances[index % 2]!.call<Order>('/purser.orders.v1.OrderService/CreateOrder', {
        order,
        requestId: '',
      }),
    );
    names.push(...(await Promise.all(calls)).map(({ name }) => name));
  }
  return names;
}

test(
  'of 5,000 orders none is seen twice or missed while 500 more are created',
  async () => {
    const old = await createMany(5_000);
    const arriving = createMany(500);
    const seen: string[] = [];
    let pageToken = '';
    do {
      const request = { pageSize: 97, pageToken, filter: '', orderBy: '' };
      const page = await instances[seen.length % 2]!.call<ListOrdersResponse>(
        '/purser.orders.v1.OrderService/ListOrders',
        request,
      );
      seen.push(...page.orders.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    const late = new Set(await arriving);
    assert.is(new Set(seen).size, seen.length, 'one was seen twice');
    assert.equal(new Set(seen.filter((name) => !late.has(name))), new Set(old));
  },
  { timeoutMs: 120_000 },
);

test.run();
