import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { judge, type OrderState, transitions } from './order-state.ts';

const test = suite('order state');

// Rows: the state an order is in; columns: the state it is asked to take.
const verdicts = `
             PENDING  PAID     FAILED
   PENDING   already  apply    apply
   PAID      refuse   already  refuse
   FAILED    refuse   refuse   already`;

const [header, ...rows] = verdicts
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

for (const [from, ...cells] of rows) {
  cells.forEach((expected, column) => {
    const to = header![column];
    test(`from ${from} to ${to}: ${expected}`, () => {
      assert.is(judge(from as OrderState, to as OrderState), expected);
    });
  });
}

test('no transition leaves PAID or FAILED', () => {
  assert.equal(
    transitions.map(({ from }) => from),
    ['PENDING', 'PENDING'],
  );
});

test.run();
