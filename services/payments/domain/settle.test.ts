import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Ledger, type Wallet } from './ledger.ts';
import { type Payment, type PaymentState, type PaymentWish, settle } from './settle.ts';

const test = suite('settle');
const now = new Date('2026-01-01T00:00:00Z');
const earlier = new Date('2025-12-31T00:00:00Z');

const wallet = (balanceMinor: bigint): Wallet => ({
  id: 'wallet-ann',
  userId: 'ann',
  currencyCode: 'USD',
  balanceMinor,
  ledgerVersion: 4n,
});

const pay = (
  orderId: string,
  amountMinor: bigint,
  change: Partial<PaymentWish> = {},
): PaymentWish => ({
  kind: 'pay',
  eventId: `pay-${orderId}`,
  orderId,
  userId: 'ann',
  amountMinor,
  currencyCode: 'USD',
  traceparent: undefined,
  ...change,
});
const undo = (orderId: string, amountMinor = 60n): PaymentWish =>
  pay(orderId, amountMinor, { kind: 'undo', eventId: `undo-${orderId}` });

function settleOn(ledger: Ledger, wishes: PaymentWish[], settled: Payment[] = []) {
  const { answers } = settle(wishes, { ledger, settled, now });
  return answers.map((told) => told.payment.failureReason ?? told.answer);
}

// In the order of the checks: each row would also fail the ones below it.
for (const [name, attempt, outcome] of [
  ['no account', pay('o', 900n, { userId: 'bob', currencyCode: 'EUR' }), 'ACCOUNT_NOT_FOUND'],
  ['another currency', pay('o', 900n, { currencyCode: 'EUR' }), 'CURRENCY_MISMATCH'],
  ['too little money', pay('o', 101n), 'INSUFFICIENT_FUNDS'],
  ['just enough money', pay('o', 100n), 'captured'],
] as const) {
  test(`${name}: ${outcome}`, () => {
    assert.equal(settleOn(new Ledger([wallet(100n)]), [attempt]), [outcome]);
  });
}

test('requests of one batch see what those before them took', () => {
  const ledger = new Ledger([wallet(100n)]);
  const wishes = [pay('a', 60n), pay('b', 60n), pay('c', 40n), pay('d', 1n)];
  const outcomes = settleOn(ledger, wishes);
  assert.equal(outcomes, ['captured', 'INSUFFICIENT_FUNDS', 'captured', 'INSUFFICIENT_FUNDS']);
  assert.equal(
    ledger.transfers.map(({ ledgerVersion, balanceAfterMinor }) => [
      ledgerVersion,
      balanceAfterMinor,
    ]),
    [
      [5n, 40n],
      [6n, 0n],
    ],
  );
});

function payment(state: PaymentState): Payment {
  return {
    orderId: 'a',
    userId: 'ann',
    amountMinor: 60n,
    currencyCode: 'USD',
    state,
    failureReason: state === 'FAILED' ? 'INSUFFICIENT_FUNDS' : null,
    ledgerVersion: 3n,
    createTime: earlier,
    updateTime: earlier,
  };
}

// The payment so far, what comes, the payment after it, what is told, and the balance of 100 after
// it.
const table: [PaymentState | 'none', PaymentWish, PaymentState, string, bigint][] = [
  ['none', pay('a', 60n), 'CAPTURED', 'captured', 40n],
  ['none', undo('a'), 'VOIDED', 'voided', 100n],
  ['CAPTURED', pay('a', 60n), 'CAPTURED', 'captured', 100n],
  ['CAPTURED', undo('a'), 'REFUNDED', 'refunded', 160n],
  ['FAILED', pay('a', 60n), 'FAILED', 'failed', 100n],
  ['FAILED', undo('a'), 'FAILED', 'voided', 100n],
  ['VOIDED', pay('a', 60n), 'VOIDED', 'voided', 100n],
  ['VOIDED', undo('a'), 'VOIDED', 'voided', 100n],
  ['REFUNDED', pay('a', 60n), 'REFUNDED', 'refunded', 100n],
  ['REFUNDED', undo('a'), 'REFUNDED', 'refunded', 100n],
];
for (const [before, wish, after, answer, balance] of table) {
  test(`${before}, then ${wish.kind}: ${after}, told as ${answer}`, () => {
    const ledger = new Ledger([wallet(100n)]);
    const settled = before === 'none' ? [] : [payment(before)];
    const settlement = settle([wish], { ledger, settled, now });
    const [told] = settlement.answers;
    assert.equal([told?.payment.state, told?.answer], [after, answer]);
    assert.is(ledger.wallet('ann')?.balanceMinor, balance);
    assert.is(settlement.decided.length, before === 'none' ? 1 : 0);
    assert.is(settlement.refunded.length, before === 'CAPTURED' && after === 'REFUNDED' ? 1 : 0);
  });
}

test('a refund is what was captured, whatever the wish says', () => {
  const ledger = new Ledger([wallet(100n)]);
  settle([undo('a', 999n)], { ledger, settled: [payment('CAPTURED')], now });
  assert.is(ledger.wallet('ann')?.balanceMinor, 160n);
});

test('paid and undone in one batch: one new payment, two transfers, nothing lost', () => {
  const ledger = new Ledger([wallet(100n)]);
  const wishes = [pay('a', 60n), undo('a'), undo('a'), pay('a', 60n)];
  const { answers, decided, refunded } = settle(wishes, { ledger, settled: [], now });
  assert.equal(
    answers.map(({ answer }) => answer),
    ['captured', 'refunded', 'refunded', 'refunded'],
  );
  assert.equal(
    decided.map(({ state }) => state),
    ['REFUNDED'],
  );
  assert.equal(refunded, []);
  assert.equal(
    ledger.transfers.map(({ kind }) => kind),
    ['PAYMENT', 'REFUND'],
  );
  assert.is(ledger.wallet('ann')?.balanceMinor, 100n);
});

test('a failure tells the ledger version that it saw, and 0 without an account', () => {
  const wishes = [pay('a', 200n), pay('b', 1n, { userId: 'bob' })];
  const { answers } = settle(wishes, { ledger: new Ledger([wallet(100n)]), settled: [], now });
  assert.equal(
    answers.map((told) => told.payment.ledgerVersion),
    [4n, 0n],
  );
});

test('whatever is asked for, the books balance and nothing goes below zero', () => {
  const wish = fc.record({
    order: fc.integer({ min: 0, max: 15 }),
    amount: fc.bigInt({ min: 1n, max: 500n }),
    undone: fc.boolean(),
  });
  const opening = fc.bigInt({ min: 0n, max: 2_000n });
  const property = fc.property(opening, fc.array(wish, { maxLength: 60 }), (balance, wishes) => {
    const ledger = new Ledger([wallet(balance)]);
    const batch = wishes.map(({ order, amount, undone }) =>
      undone ? undo(`o${order}`, amount) : pay(`o${order}`, amount),
    );
    const { decided } = settle(batch, { ledger, settled: [], now });
    const kept = decided
      .filter(({ state }) => state === 'CAPTURED')
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    assert.is(ledger.wallet('ann')?.balanceMinor, balance - kept);
    assert.ok(ledger.transfers.every(({ balanceAfterMinor }) => balanceAfterMinor >= 0n));
    const keys = ledger.transfers.map(({ orderId, kind }) => `${orderId} ${kind}`);
    assert.is(new Set(keys).size, keys.length, 'one transfer per order and kind');
    ledger.transfers.forEach(({ ledgerVersion }, index) => {
      assert.is(ledgerVersion, 5n + BigInt(index));
    });
  });
  fc.assert(property, { numRuns: 1_000 });
});

test.run();
