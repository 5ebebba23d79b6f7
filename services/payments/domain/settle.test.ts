import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Ledger, type Wallet } from './ledger.ts';
import { type Payment, type PaymentRequest, settle } from './settle.ts';

const test = suite('settle');
const now = new Date('2026-01-01T00:00:00Z');

const wallet = (balanceMinor: bigint): Wallet => ({
  id: 'wallet-ann',
  userId: 'ann',
  currencyCode: 'USD',
  balanceMinor,
  ledgerVersion: 4n,
});

const request = (
  orderId: string,
  amountMinor: bigint,
  change: Partial<PaymentRequest> = {},
): PaymentRequest => ({
  eventId: `event-${orderId}`,
  orderId,
  userId: 'ann',
  amountMinor,
  currencyCode: 'USD',
  ...change,
});

function settleOn(ledger: Ledger, requests: PaymentRequest[], settled: Payment[] = []) {
  return settle(requests, { ledger, settled, now }).map(
    ({ payment }) => payment.failureReason ?? payment.state,
  );
}

// In the order of the checks: each row would also fail the ones below it.
for (const [name, attempt, outcome] of [
  ['no account', request('o', 900n, { userId: 'bob', currencyCode: 'EUR' }), 'ACCOUNT_NOT_FOUND'],
  ['another currency', request('o', 900n, { currencyCode: 'EUR' }), 'CURRENCY_MISMATCH'],
  ['too little money', request('o', 101n), 'INSUFFICIENT_FUNDS'],
  ['just enough money', request('o', 100n), 'CAPTURED'],
] as const) {
  test(`${name}: ${outcome}`, () =>
    assert.equal(settleOn(new Ledger([wallet(100n)]), [attempt]), [outcome]));
}

test('requests of one batch see what those before them took', () => {
  const ledger = new Ledger([wallet(100n)]);
  const outcomes = settleOn(ledger, [
    request('a', 60n),
    request('b', 60n),
    request('c', 40n),
    request('d', 1n),
  ]);
  assert.equal(outcomes, ['CAPTURED', 'INSUFFICIENT_FUNDS', 'CAPTURED', 'INSUFFICIENT_FUNDS']);
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

test('an order that was decided keeps its decision and is not debited again', () => {
  const ledger = new Ledger([wallet(100n)]);
  const [first] = settle([request('a', 60n)], {
    ledger: new Ledger([wallet(100n)]),
    settled: [],
    now,
  });
  const [again, third] = settle([request('a', 70n, { eventId: 'another' }), request('a', 60n)], {
    ledger,
    settled: [first!.payment],
    now,
  });
  assert.equal(
    [again, third],
    [
      { ...first, decided: false },
      { ...first, decided: false },
    ],
  );
  assert.is(ledger.transfers.length, 0);
});

test('a failure tells the ledger version that it saw, and 0 without an account', () => {
  const requests = [request('a', 200n), request('b', 1n, { userId: 'bob' })];
  const settlements = settle(requests, { ledger: new Ledger([wallet(100n)]), settled: [], now });
  assert.equal(
    settlements.map(({ payment }) => payment.ledgerVersion),
    [4n, 0n],
  );
});

test('whatever is asked for, the books balance and nothing goes below zero', () => {
  const amounts = fc.array(fc.bigInt({ min: 1n, max: 500n }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2_000n }), amounts, (opening, wishes) => {
      const ledger = new Ledger([wallet(opening)]);
      const outcomes = settleOn(
        ledger,
        wishes.map((amount, index) => request(`o${index}`, amount)),
      );
      const paid = wishes
        .filter((_, index) => outcomes[index] === 'CAPTURED')
        .reduce((sum, amount) => sum + amount, 0n);
      assert.is(ledger.wallet('ann')?.balanceMinor, opening - paid);
      assert.ok(ledger.transfers.every(({ balanceAfterMinor }) => balanceAfterMinor >= 0n));
      ledger.transfers.forEach(({ ledgerVersion }, index) =>
        assert.is(ledgerVersion, 5n + BigInt(index)),
      );
    }),
    { numRuns: 1_000 },
  );
});

test.run();
