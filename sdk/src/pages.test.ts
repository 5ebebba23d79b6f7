import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { order, problem, scriptedServer } from './scripted-server.ts';
import type { Asked, Step } from './scripted-server.ts';

const test = suite('lists of the SDK');

/** Seven orders in pages of three, the second of which is empty and the third failing at first. */
function pagesOfOrders({ url }: Asked, index: number): Step {
  const token = new URL(url, 'http://x').searchParams.get('pageToken') ?? '';
  const names = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => ({ ...order, name: `orders/${from + at}` }));
  const pages: Record<string, Step> = {
    '': { json: { orders: names(0, 3), nextPageToken: 'a' } },
    a: { json: { orders: [], nextPageToken: 'b' } },
    b: { json: { orders: names(3, 7), nextPageToken: '' } },
  };
  return index === 2 ? problem(503, 'DEPENDENCY_UNAVAILABLE') : (pages[token] as Step);
}

test('a loop reads every item, page after page', async () => {
  const server = await scriptedServer(pagesOfOrders);
  const seen: string[] = [];
  for await (const { name } of server.client().orders.list({ pageSize: 3, filter: 'state=PAID' })) {
    seen.push(name);
  }
  assert.equal(
    seen,
    [0, 1, 2, 3, 4, 5, 6].map(String).map((id) => `orders/${id}`),
  );
  assert.equal(
    server.asked.map(({ url }) => url.replace('/v1/orders?pageSize=3', '')),
    ['&filter=state%3DPAID', 'a', 'b', 'b'].map((token, index) =>
      index === 0 ? token : `&pageToken=${token}&filter=state%3DPAID`,
    ),
  );
  await server.stop();
});

test('a page is asked for only when the loop comes to it', async () => {
  const server = await scriptedServer(pagesOfOrders);
  for await (const { name } of server.client().orders.list()) {
    if (name === 'orders/2') break;
  }
  assert.is(server.asked.length, 1);
  await server.stop();
});

test('pages can be had one by one, from any token', async () => {
  const server = await scriptedServer(pagesOfOrders);
  const { orders } = server.client();
  const first = await orders.list().page();
  assert.equal([first.items.length, first.nextPageToken], [3, 'a']);
  assert.is(first.response.orders, first.items);
  const sizes: number[] = [];
  for await (const { items } of orders.list({ pageToken: 'a' }).byPage()) sizes.push(items.length);
  assert.equal(sizes, [0, 4]);
  await server.stop();
});

test.run();
