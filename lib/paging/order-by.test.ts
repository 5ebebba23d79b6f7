import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { parseOrderBy } from './order-by.ts';

const test = suite('order by');

for (const [text, direction] of [
  ['', 'desc'],
  ['  ', 'desc'],
  ['create_time', 'asc'],
  ['create_time asc', 'asc'],
  [' create_time  desc ', 'desc'],
] as const) {
  test(`"${text}" sorts ${direction}`, () =>
    assert.is(parseOrderBy(text, 'create_time'), direction));
}

for (const text of [
  'amount',
  'desc',
  'create_time DESC',
  'create_time, id',
  'create_time desc x',
]) {
  test(`"${text}" is refused`, () => {
    try {
      parseOrderBy(text, 'create_time');
    } catch (error) {
      assert.instance(error, PurserError);
      assert.is((error as PurserError).violations?.[0]?.field, 'order_by');
      return;
    }
    assert.unreachable();
  });
}

test.run();
