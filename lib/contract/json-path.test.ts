import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { toCamelCase, toJsonPath } from './json-path.ts';
import type { Binding } from './json-path.ts';

const test = suite('toJsonPath');

const create: Binding = { body: 'order', names: { request_id: 'Idempotency-Key' } };
const change: Binding = { names: { name: 'order' } };

for (const [binding, protoPath, jsonPath] of [
  [create, 'order.amount.amount_minor', 'amount.amountMinor'],
  [create, 'order', 'body'],
  [create, 'request_id', 'Idempotency-Key'],
  [create, 'order.lines[12].unit_price.currency_code', 'lines[12].unitPrice.currencyCode'],
  [create, 'order_note', 'orderNote'],
  [create, 'orders[0].x_y', 'orders[0].xY'],
  [create, '', ''],
  [change, 'name', 'order'],
  [change, 'name_tag', 'nameTag'],
  [change, 'amount.name', 'amount.name'],
  [change, 'toString', 'toString'],
] as const) {
  test(`${protoPath || 'nothing'} is ${jsonPath || 'nothing'}`, () => {
    assert.is(toJsonPath(protoPath, binding), jsonPath);
  });
}

test('names become camelCase as protoc makes them', () => {
  assert.is(toCamelCase('line_1'), 'line1');
  assert.is(toCamelCase('a_b_c'), 'aBC');
  assert.is(toCamelCase('plain'), 'plain');
});

test.run();
