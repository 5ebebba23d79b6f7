import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  allowedActions,
  judge,
  type OrderState,
  type Trigger,
  transitions,
} from './order-state.ts';

const test = suite('order state');

// Rows: what happens; columns: the state that the order is in.
const verdicts = `
                     PENDING  PAID    FAILED  ASSEMBLED  SHIPPED  DELIVERED  CANCELLING  CANCELLED
   PAYMENT_CAPTURED  apply    done    refuse  done       done     done       done        done
   PAYMENT_FAILED    apply    refuse  done    refuse     refuse   refuse     done        done
   CANCEL            apply    apply   refuse  apply      refuse   refuse     done        done
   PAYMENT_VOIDED    refuse   refuse  refuse  refuse     refuse   refuse     apply       done
   PAYMENT_REFUNDED  refuse   refuse  refuse  refuse     refuse   refuse     apply       done
   ASSEMBLE          refuse   apply   refuse  done       refuse   refuse     refuse      refuse
   SHIP              refuse   refuse  refuse  apply      done     refuse     refuse      refuse
   DELIVER           refuse   refuse  refuse  refuse     apply    done       refuse      refuse`;

const [header, ...rows] = verdicts
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

for (const [trigger, ...cells] of rows) {
  cells.forEach((expected, column) => {
    const state = header![column] as OrderState;
    test(`${trigger} in ${state}: ${expected}`, () => {
      assert.is(judge(state, trigger as Trigger), expected);
    });
  });
}

for (const [state, allowed] of [
  ['PENDING', ['CANCEL']],
  ['PAID', ['CANCEL', 'ASSEMBLE']],
  ['FAILED', []],
  ['ASSEMBLED', ['CANCEL', 'SHIP']],
  ['SHIPPED', ['DELIVER']],
  ['DELIVERED', []],
  ['CANCELLING', []],
  ['CANCELLED', []],
] as const) {
  test(`${state} allows ${allowed.join(', ') || 'nothing'}`, () => {
    assert.equal(allowedActions(state), allowed);
  });
}

test('nothing leaves a final state, and every state but the first can be reached', () => {
  for (const final of ['FAILED', 'DELIVERED', 'CANCELLED']) {
    assert.not(transitions.some(({ from }) => from === final));
  }
  const reached = new Set(transitions.map(({ to }) => to));
  assert.equal(reached, new Set(header!.filter((state) => state !== 'PENDING')));
  assert.is(transitions.length, 9);
});

test.run();
