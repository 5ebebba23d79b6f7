import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { balanceMinorMax, Ledger, type Wallet } from './ledger.ts';
import { type StoredRequest, type TopUp, topUp, type TopUpOutcome } from './top-up.ts';

const test = suite('top up');

const ann: Wallet = {
  id: 'wallet-ann',
  userId: 'ann',
  currencyCode: 'USD',
  balanceMinor: 100n,
  ledgerVersion: 3n,
};
const mark = Buffer.from('content');
const wish = (change: Partial<TopUp> = {}): TopUp => ({
  userId: 'ann',
  requestId: null,
  fingerprint: mark,
  amountMinor: 50n,
  currencyCode: 'USD',
  ...change,
});
const stored = (change: Partial<StoredRequest> = {}): StoredRequest => ({
  userId: 'ann',
  requestId: 'k',
  fingerprint: mark,
  accountId: 'wallet-ann',
  ledgerVersion: 2n,
  ...change,
});

function summary(outcome: TopUpOutcome | undefined): unknown {
  if (outcome?.kind === 'refused') return outcome.error.reason;
  return outcome?.kind === 'booked' ? outcome.wallet.balanceMinor : outcome?.request.ledgerVersion;
}

const cases: [name: string, TopUp, StoredRequest[], expected: unknown][] = [
  ['a key of the same content answers as the first time', wish({ requestId: 'k' }), [stored()], 2n],
  [
    'a key of other content is refused',
    wish({ requestId: 'k', fingerprint: Buffer.from('x') }),
    [stored()],
    'IDEMPOTENCY_KEY_REUSED',
  ],
  ['no account', wish({ userId: 'bob', currencyCode: 'EUR' }), [], 'ACCOUNT_NOT_FOUND'],
  [
    'another currency',
    wish({ currencyCode: 'EUR', amountMinor: balanceMinorMax }),
    [],
    'CURRENCY_MISMATCH',
  ],
  [
    'one more than the account may hold',
    wish({ amountMinor: balanceMinorMax - 99n }),
    [],
    'BALANCE_LIMIT_EXCEEDED',
  ],
  [
    'exactly what the account may hold',
    wish({ amountMinor: balanceMinorMax - 100n }),
    [],
    balanceMinorMax,
  ],
  ["another user's key is not mine", wish({ requestId: 'k' }), [stored({ userId: 'bob' })], 150n],
];
for (const [name, attempt, known, expected] of cases) {
  test(name, () =>
    assert.is(summary(topUp([attempt], new Ledger([ann]), known).outcomes[0]), expected),
  );
}

test('top-ups of one batch follow each other, and a key repeated inside it counts once', () => {
  const ledger = new Ledger([ann]);
  const wishes = [
    wish({ requestId: 'k' }),
    wish({ requestId: 'k' }),
    wish({ requestId: 'k', fingerprint: Buffer.from('x') }),
    wish(),
  ];
  const { outcomes, requests } = topUp(wishes, ledger, []);
  assert.equal(outcomes.map(summary), [150n, 4n, 'IDEMPOTENCY_KEY_REUSED', 200n]);
  assert.equal(requests, [stored({ ledgerVersion: 4n })]);
  assert.is(ledger.transfers.length, 2);
});

test('what is refused stores no key', () => {
  const { requests } = topUp(
    [wish({ requestId: 'k', currencyCode: 'EUR' })],
    new Ledger([ann]),
    [],
  );
  assert.equal(requests, []);
});

test.run();
