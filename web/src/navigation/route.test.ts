import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { orderPath, routeOf, shortId } from './route.ts';

const test = suite('routes of the store front');

test('addresses lead to their pages, with or without a slash at the end', () => {
  const pages = ['/', '/users', '/wallet/', '/orders', '/orders/new', '/inbox', '/system'];
  assert.equal(
    pages.map((path) => routeOf(path).page),
    ['start', 'users', 'wallet', 'orders', 'new-order', 'inbox', 'operations'],
  );
});

test('an order’s address leads to the order, whatever its id', () => {
  for (const id of ['018f', 'new order', 'ä/ö', '%']) {
    const name = `orders/${id.replace('/', '')}`;
    assert.equal(routeOf(orderPath(name)), { page: 'order', name });
  }
  assert.is(shortId('orders/01a1fe86-60f2-7d53-8b9d-79a0afa88a05'), 'afa88a05');
});

test('what is no address of ours is not found', () => {
  for (const path of ['/nothing', '/orders/1/2', '/orders/%E0%A4', '/constructor', '/__proto__']) {
    assert.is(routeOf(path).page, 'not-found', path);
  }
});

test.run();
