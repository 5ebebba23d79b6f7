import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { explainOrder, type OrderFacts, type PaymentFacts } from './explain-order.ts';

const test = suite('explain order');

const order: OrderFacts = {
  state: 'PENDING',
  amount: '8.00 USD',
  failureReason: null,
  carrier: null,
  trackingCode: null,
  request: { number: 41n, published: true },
  payment: undefined,
};
const payment: PaymentFacts = {
  state: 'CAPTURED',
  failureReason: null,
  balance: '5.00 USD',
  ledgerVersion: 7n,
};
const unpublished = { number: 41n, published: false };
const refunded = { ...payment, state: 'REFUNDED' } as const;
const voided = { ...payment, state: 'VOIDED' } as const;

const askedToPay = 'Payments was asked for the payment of 8.00 USD: message 41 was published';
const askedToUndo = 'Payments was asked for the undoing of its payment: message 41 was published';

const rows: [change: Partial<OrderFacts>, waitingFor: string, summary: string][] = [
  [
    { request: unpublished },
    'BROKER',
    'Payments is to be asked for the payment of 8.00 USD: message 41 waits for the broker.',
  ],
  [{}, 'PAYMENTS', `${askedToPay}, and is not answered yet.`],
  [{ payment: 'unreachable' }, 'PAYMENTS', `${askedToPay}; Payments does not answer right now.`],
  [{ payment }, 'RESULT', `${askedToPay} and answered, CAPTURED; the result is on its way.`],
  [
    { state: 'PAID', payment },
    'STAFF',
    'The order is paid: 8.00 USD was debited once, as entry 7 of the account.',
  ],
  [
    { state: 'PAID', payment: 'unreachable' },
    'STAFF',
    'The order is paid: 8.00 USD was debited once.',
  ],
  [{ state: 'ASSEMBLED', payment }, 'STAFF', 'The order is paid and its goods are put together.'],
  [
    { state: 'SHIPPED', carrier: 'Post', trackingCode: 'RR 1' },
    'STAFF',
    'The goods are on their way with Post, as RR 1.',
  ],
  [{ state: 'DELIVERED' }, 'NOTHING', 'The goods have arrived.'],
  [
    { state: 'FAILED', failureReason: 'INSUFFICIENT_FUNDS', payment },
    'NOTHING',
    'The payment failed because the account held 5.00 USD, less than 8.00 USD.',
  ],
  [
    { state: 'FAILED', failureReason: 'INSUFFICIENT_FUNDS' },
    'NOTHING',
    'The payment failed because the account held less than 8.00 USD.',
  ],
  [
    { state: 'FAILED', failureReason: 'ACCOUNT_NOT_FOUND' },
    'NOTHING',
    'The payment failed because the user had no account.',
  ],
  [
    { state: 'FAILED', failureReason: 'CURRENCY_MISMATCH' },
    'NOTHING',
    'The payment of 8.00 USD failed because the account is in another currency.',
  ],
  [
    { state: 'CANCELLING', request: unpublished },
    'BROKER',
    'Payments is to be asked for the undoing of its payment: message 41 waits for the broker.',
  ],
  [{ state: 'CANCELLING', payment }, 'PAYMENTS', `${askedToUndo}, and is not answered yet.`],
  [
    { state: 'CANCELLING', payment: refunded },
    'RESULT',
    `${askedToUndo} and answered, REFUNDED; the result is on its way.`,
  ],
  [
    { state: 'CANCELLED', payment: refunded },
    'NOTHING',
    'The order was cancelled, and 8.00 USD was credited again once, as entry 7 of the account.',
  ],
  [
    { state: 'CANCELLED', payment: voided },
    'NOTHING',
    'The order was cancelled, and nothing was ever debited for it.',
  ],
  [{ state: 'CANCELLED', payment: 'unreachable' }, 'NOTHING', 'The order was cancelled.'],
];

for (const [change, waitingFor, summary] of rows) {
  test(`${change.state ?? 'PENDING'}, ${waitingFor}: ${summary.slice(0, 50)}`, () => {
    const explanation = explainOrder({ ...order, ...change });
    assert.equal([explanation.waitingFor, explanation.summary], [waitingFor, summary]);
    assert.match(explanation.next, /^[A-Z].*\.$/);
  });
}

test.run();
