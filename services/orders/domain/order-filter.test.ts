import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { parseOrderFilter } from './order-filter.ts';

const test = suite('order filter');
const states = ['PENDING', 'PAID'];

for (const text of ['state=PAID', ' state = PAID ', 'state="PAID"', 'state = "PAID"']) {
  test(`reads ${text}`, () => assert.equal(parseOrderFilter(text, states), { state: 'PAID' }));
}

for (const text of ['', '  '])
  test('an empty filter lets all through', () => assert.equal(parseOrderFilter(text, states), {}));

for (const [text, complaint] of [
  ['state=PAYED', /knows the states PENDING, PAID/],
  ['state=', /knows the states/],
  ['state=""', /knows the states/],
  ['amount=1', /must have the form/],
  ['user=X', /cannot filter by user; only by state/],
  ['state=PAID OR state=PENDING', /must have the form/],
  ['state="PAID', /must have the form/],
  ["state=PAID'; drop table orders --", /must have the form/],
] as const) {
  test(`refuses ${text}`, () => assert.match(String(parseOrderFilter(text, states)), complaint));
}

test.run();
