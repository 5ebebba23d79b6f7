import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { isUuid, orderIdOf, orderName } from './order-name.ts';

const test = suite('order name');
const id = '0199aa00-0000-7000-8000-000000000001';

test('name and id belong together', () => {
  assert.is(orderIdOf(orderName(id)), id);
  assert.is(orderIdOf(`${orderName(id)}/payment`), id);
});

for (const name of [
  '',
  'orders',
  'orders/',
  'orders/1',
  `order/${id}`,
  `accounts/${id}`,
  `orders/${id.toUpperCase()}`,
  `orders/${id}x`,
  `orders/ ${id}`,
]) {
  test(`"${name}" is the name of no order`, () => assert.is(orderIdOf(name), undefined));
}

test('a UUID has its canonical form', () => {
  assert.ok(isUuid(id));
  assert.not.ok(isUuid(`{${id}}`));
});

test.run();
