import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { judge } from './order-state.ts';
import { type PaymentAnswer, remedyOf, type WaitingState } from './reconcile.ts';

const test = suite('what mends an order that waits too long');

const table: [WaitingState, PaymentAnswer['state'] | 'none', string][] = [
  ['PENDING', 'none', 'request'],
  ['PENDING', 'CAPTURED', 'PAYMENT_CAPTURED'],
  ['PENDING', 'FAILED', 'PAYMENT_FAILED'],
  // Both need a cancellation, which Orders then does not know of: applying them is refused.
  ['PENDING', 'VOIDED', 'PAYMENT_VOIDED'],
  ['PENDING', 'REFUNDED', 'PAYMENT_REFUNDED'],
  ['CANCELLING', 'none', 'request'],
  ['CANCELLING', 'CAPTURED', 'request'],
  ['CANCELLING', 'FAILED', 'PAYMENT_VOIDED'],
  ['CANCELLING', 'VOIDED', 'PAYMENT_VOIDED'],
  ['CANCELLING', 'REFUNDED', 'PAYMENT_REFUNDED'],
];

test('every state of an order and of a payment', () => {
  for (const [state, payment, expected] of table) {
    const failureReason = payment === 'FAILED' ? 'INSUFFICIENT_FUNDS' : null;
    const answer = payment === 'none' ? undefined : { state: payment, failureReason };
    const remedy = remedyOf(state, answer);
    const told = remedy.kind === 'request' ? 'request' : remedy.trigger;
    assert.is(told, expected, `${state}, ${payment}`);
    if (remedy.kind === 'request') continue;
    assert.is(
      remedy.failureReason,
      remedy.trigger === 'PAYMENT_FAILED' ? 'INSUFFICIENT_FUNDS' : null,
    );
    const contradicts = state === 'PENDING' && ['VOIDED', 'REFUNDED'].includes(payment);
    assert.is(judge(state, remedy.trigger), contradicts ? 'refuse' : 'apply');
  }
});

test.run();
