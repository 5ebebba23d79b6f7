import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Random } from '../random.ts';
import { checkHistory } from './check-history.ts';
import type { Books, LedgerEntry, Operation, OrderVersion } from './history.ts';

const test = suite('the history checker');

interface Story {
  history: Operation[];
  books: { entries: LedgerEntry[]; orders: OrderVersion[]; keys: Books['keys'][number][] };
}

/** Ann tops up 100, buys for 30, reads what she has; the second order is too dear. */
function story(): Story {
  const ann = { userId: 'ann', outcome: 'ok' as const };
  const at = (startMs: number) => ({ ...ann, startMs, endMs: startMs + 5 });
  const order = (orderId: string, version: bigint, state: string) => ({
    orderId,
    userId: 'ann',
    version,
    state,
  });
  return {
    history: [
      { op: 'topUp', ...at(0), key: 'k1', amountMinor: 100n, version: 1n, balanceMinor: 100n },
      { op: 'create', ...at(10), key: 'k2', amountMinor: 30n, ...order('o1', 1n, 'PENDING') },
      { op: 'account', ...at(20), version: 1n, balanceMinor: 100n },
      { op: 'order', ...at(30), ...order('o1', 2n, 'PAID') },
      { op: 'account', ...at(40), version: 2n, balanceMinor: 70n },
      { op: 'create', ...at(50), key: 'k3', amountMinor: 900n, ...order('o2', 1n, 'PENDING') },
      { op: 'order', ...at(60), ...order('o2', 2n, 'FAILED') },
      { op: 'create', ...at(70), outcome: 'refused', key: 'k4', amountMinor: 0n },
    ],
    books: {
      entries: [
        {
          userId: 'ann',
          version: 1n,
          kind: 'TOP_UP',
          amountMinor: 100n,
          balanceAfterMinor: 100n,
          orderId: null,
        },
        {
          userId: 'ann',
          version: 2n,
          kind: 'PAYMENT',
          amountMinor: 30n,
          balanceAfterMinor: 70n,
          orderId: 'o1',
        },
      ],
      orders: [
        order('o1', 1n, 'PENDING'),
        order('o1', 2n, 'PAID'),
        order('o2', 1n, 'PENDING'),
        order('o2', 2n, 'FAILED'),
      ],
      keys: [
        { userId: 'ann', key: 'k1', version: 1n },
        { userId: 'ann', key: 'k2', orderId: 'o1' },
        { userId: 'ann', key: 'k3', orderId: 'o2' },
      ],
    },
  };
}

const check = ({ history, books }: Story) => checkHistory(history, books);

test('a history that fits its books has no anomaly', () => {
  assert.equal(check(story()), []);
});

type Spoil = (story: Story) => unknown;

const set =
  (index: number, values: Record<string, unknown>): Spoil =>
  ({ history }) =>
    Object.assign(history[index]!, values);

const book =
  (index: number, values: Record<string, unknown>): Spoil =>
  ({ books }) =>
    Object.assign(books.entries[index]!, values);

const copyEntry = { kind: 'PAYMENT', amountMinor: 30n, orderId: 'o1', userId: 'ann' } as const;

/** What is done to the story, and exactly which anomalies that is. */
const anomalies: [name: string, spoil: Spoil, kinds: string[]][] = [
  [
    'an order that was answered and is gone',
    ({ books }) => {
      books.orders.splice(2);
      books.keys.pop();
    },
    ['lost', 'future', 'future'],
  ],
  [
    'a top-up that was answered and is gone',
    ({ history, books }) => {
      books.entries.splice(0);
      books.keys.shift();
      history.splice(1, 4);
      books.keys.splice(0, 1);
      books.orders.splice(0, 2);
    },
    ['lost', 'future'],
  ],
  [
    'one key, two orders',
    ({ history }) => history.push({ ...history[1]!, orderId: 'o2' } as Operation),
    ['torn'],
  ],
  [
    'an order that nobody has asked for',
    ({ books }) => books.orders.push({ ...books.orders[0]!, orderId: 'o9' }),
    ['unasked'],
  ],
  [
    'an order that was refused and exists',
    ({ books }) => {
      books.keys.push({ userId: 'ann', key: 'k4', orderId: 'o4' });
      books.orders.push({ ...books.orders[0]!, orderId: 'o4' });
    },
    ['unasked'],
  ],
  [
    'an order that was paid for twice',
    ({ books }) => books.entries.push({ ...copyEntry, version: 3n, balanceAfterMinor: 40n }),
    ['unasked', 'stale'],
  ],
  [
    'an entry that nobody has asked for',
    ({ books }) =>
      books.entries.push({
        ...copyEntry,
        orderId: 'o9',
        version: 3n,
        balanceAfterMinor: 40n,
      }),
    ['unasked'],
  ],
  [
    'another amount than was ordered',
    ({ history, books }) => {
      Object.assign(books.entries[1]!, { amountMinor: 31n, balanceAfterMinor: 69n });
      Object.assign(history[4]!, { balanceMinor: 69n });
    },
    ['torn'],
  ],
  ['a gap in the ledger', book(1, { version: 3n }), ['broken chain', 'stale']],
  [
    'a lost update',
    ({ history, books }) => {
      Object.assign(books.entries[1]!, { balanceAfterMinor: 100n });
      Object.assign(history[4]!, { balanceMinor: 100n });
    },
    ['broken chain'],
  ],
  ['a balance of no version', set(4, { balanceMinor: 71n }), ['torn']],
  ['a state of no version', set(3, { state: 'FAILED' }), ['torn']],
  [
    'a top-up answered with a wrong version',
    set(0, { version: 2n, balanceMinor: 70n }),
    ['torn', 'stale'],
  ],
  [
    'a balance older than one that was read before',
    ({ history }) => history.push({ ...history[2]!, startMs: 80, endMs: 85 } as Operation),
    ['stale'],
  ],
  [
    'a balance without the payment of an order that was seen paid',
    set(4, { version: 1n, balanceMinor: 100n }),
    ['stale'],
  ],
  [
    'a state older than one that was read before',
    ({ history }) =>
      history.push({
        ...history[3]!,
        version: 1n,
        state: 'PENDING',
        startMs: 80,
        endMs: 85,
      } as Operation),
    ['stale'],
  ],
  [
    'a balance with a payment that was not yet asked for',
    ({ history }) => {
      Object.assign(history[4]!, { startMs: 6, endMs: 8 });
      history.splice(2, 1);
    },
    ['future'],
  ],
  ['a version that never came to be', set(4, { version: 7n }), ['future']],
  ['a version of an order that never came to be', set(6, { version: 3n }), ['future']],
  ['an unknown outcome that nobody has resolved', set(5, { outcome: 'unknown' }), ['unresolved']],
];

for (const [name, spoil, kinds] of anomalies) {
  test(`${name} is ${[...new Set(kinds)].join(' and ')}`, () => {
    const bad = story();
    spoil(bad);
    const found = check(bad);
    assert.equal(
      found.map(({ kind }) => kind),
      kinds,
      JSON.stringify(found, undefined, 1),
    );
  });
}

test('concurrent answers may come in either order', () => {
  const { history, books } = story();
  Object.assign(history[2]!, { startMs: 32, endMs: 44 });
  assert.equal(checkHistory(history, books), []);
});

/** A long story of many users, whose answers are those of its books. */
function longStory(operations: number): Story {
  const random = new Random(7);
  const { history, books }: Story = { history: [], books: { entries: [], orders: [], keys: [] } };
  const balances = new Map<string, { version: bigint; balance: bigint }>();
  for (let index = 0; index < operations; index += 1) {
    const userId = `user-${random.between(0, 49)}`;
    const account = balances.get(userId) ?? { version: 0n, balance: 0n };
    const seen = { userId, startMs: index, endMs: index + 0.5, outcome: 'ok' as const };
    if (random.chance(0.5)) {
      const [version, balanceMinor] = [account.version, account.balance];
      history.push({ op: 'account', ...seen, version, balanceMinor });
      continue;
    }
    const [version, balanceMinor] = [account.version + 1n, account.balance + 5n];
    balances.set(userId, { version, balance: balanceMinor });
    const key = `k${index}`;
    history.push({ op: 'topUp', ...seen, key, amountMinor: 5n, version, balanceMinor });
    books.keys.push({ userId, key, version });
    const entry = { userId, version, balanceAfterMinor: balanceMinor, orderId: null };
    books.entries.push({ ...entry, kind: 'TOP_UP', amountMinor: 5n });
  }
  return { history, books };
}

test('a hundred thousand operations are checked, which what is not linear never ends', () => {
  assert.equal(check(longStory(100_000)), []);
});

test.run();
