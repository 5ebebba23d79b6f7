import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { AccountHappening, Happening, OrderHappening } from './happening.ts';
import { retryDelayMs, tell, type Told } from './tell.ts';

const test = suite('tell');

const order = (version: number, change: Partial<OrderHappening> = {}): OrderHappening => ({
  kind: 'order',
  eventId: `order-${change.orderId ?? 'o'}-${version}`,
  userId: 'ann',
  time: new Date(0),
  deliveries: 1,
  notice: null,
  orderId: 'o',
  version: BigInt(version),
  state: version,
  failureReason: 0,
  amountMinor: 1n,
  currencyCode: 'USD',
  ...change,
});

const account = (ledgerVersion: number, userId = 'ann'): AccountHappening => ({
  kind: 'account',
  eventId: `account-${userId}-${ledgerVersion}`,
  userId,
  time: new Date(0),
  deliveries: 1,
  notice: null,
  ledgerVersion: BigInt(ledgerVersion),
  balanceMinor: 10n,
  currencyCode: 'USD',
});

const nothing: Told = { numbers: new Map(), orders: new Map(), accounts: new Map() };

function run(happenings: Happening[], told: Partial<Told> = {}) {
  const telling = tell(happenings, { ...nothing, ...told });
  return {
    ...telling,
    told: telling.changes.map(({ userId, number, happening }) => [
      userId,
      Number(number),
      happening.eventId,
    ]),
    early: telling.early.map(({ eventId }) => eventId),
    taken: telling.taken.map(({ eventId }) => eventId),
  };
}

test('changes are numbered for each user by themselves, on from the last', () => {
  const { told } = run(
    [order(1), order(1, { orderId: 'p', userId: 'bob' }), order(2), account(1)],
    { numbers: new Map([['ann', 7n]]) },
  );
  assert.equal(told, [
    ['ann', 8, 'order-o-1'],
    ['ann', 9, 'order-o-2'],
    ['bob', 1, 'order-p-1'],
    ['ann', 10, 'account-ann-1'],
  ]);
});

// Version told before, versions of the batch, what is told, what is taken without being told,
// early.
const table: [number, number[], number[], number[], number[]][] = [
  [0, [1], [1], [], []],
  [0, [3, 1, 2], [1, 2, 3], [], []],
  [2, [2], [], [2], []],
  [2, [1, 3], [3], [1], []],
  [2, [4], [], [], [4]],
  [2, [5, 3], [3], [], [5]],
  [0, [2, 3], [], [], [2, 3]],
];
for (const [before, versions, told, old, early] of table) {
  test(`version ${before} was told, then ${versions}: ${told.join() || 'nothing'} is told`, () => {
    const telling = run(
      versions.map((version) => order(version)),
      { orders: new Map([['o', BigInt(before)]]) },
    );
    const ids = (list: number[]) => list.map((version) => `order-o-${version}`);
    assert.equal(
      telling.told.map(([, , id]) => id),
      ids(told),
    );
    assert.equal(telling.early, ids(early));
    assert.equal(telling.taken.toSorted(), ids([...told, ...old]).toSorted());
    assert.equal(
      telling.orders.map(({ version }) => Number(version)),
      told.slice(-1),
    );
  });
}

test('a gap that stays is accepted in the end, after longer than an instance’s death takes', () => {
  let waitedMs = 0;
  let deliveries = 1;
  while (run([order(2, { deliveries })]).early.length > 0) {
    waitedMs += retryDelayMs(deliveries);
    deliveries += 1;
    assert.ok(deliveries < 50);
  }
  assert.ok(waitedMs > 12_000 && waitedMs < 30_000, String(waitedMs));
  assert.equal(run([order(2, { deliveries })]).told, [['ann', 1, 'order-o-2']]);
});

test('of an account only the newest balance is told, and never an older one', () => {
  assert.equal(run([account(4), account(6), account(5)]).told, [['ann', 1, 'account-ann-6']]);
  const accounts = new Map([['ann', 6n]]);
  const { told, taken } = run([account(6), account(5)], { accounts });
  assert.equal([told, taken.length], [[], 2]);
  assert.equal(run([account(0)]).told, [['ann', 1, 'account-ann-0']]);
});

test.run();
