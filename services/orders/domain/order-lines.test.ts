import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { priceOrder } from './order-lines.ts';

const test = suite('order lines');

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const line = (quantity: number, unitMinor: bigint, currencyCode = 'USD') => ({
  title: 'Tea',
  quantity,
  unitAmount: { currencyCode, amountMinor: unitMinor },
});
const largest = 10n ** 12n;

function price(order: Parameters<typeof priceOrder>[0]) {
  const priced = priceOrder(order);
  return Array.isArray(priced) ? priced.map(({ field }) => field) : priced.amount;
}

for (const [name, order, expected] of [
  ['an amount alone', { amount: usd(5n), lines: [] }, usd(5n)],
  ['neither amount nor lines', { lines: [] }, ['order.amount']],
  ['one line', { lines: [line(3, 250n)] }, usd(750n)],
  ['several lines', { lines: [line(1, 1n), line(2, 10n), line(1, 0n)] }, usd(21n)],
  ['lines and their total', { amount: usd(750n), lines: [line(3, 250n)] }, usd(750n)],
  ['lines and less', { amount: usd(749n), lines: [line(3, 250n)] }, ['order.amount']],
  [
    'lines and another currency',
    { amount: { currencyCode: 'EUR', amountMinor: 750n }, lines: [line(3, 250n)] },
    ['order.amount'],
  ],
  ['the largest total', { lines: [line(1, largest - 1n), line(1, 1n)] }, usd(largest)],
  ['one more than that', { lines: [line(1, largest), line(1, 1n)] }, ['order.lines']],
  ['far more than 64 bits', { lines: Array(100).fill(line(10_000, largest)) }, ['order.lines']],
  ['a total of nothing', { lines: [line(10_000, 0n)] }, ['order.lines']],
  [
    'lines in several currencies',
    { lines: [line(1, 1n), line(1, 1n, 'EUR'), line(1, 1n), line(1, 1n, 'GBP')] },
    ['order.lines[1].unit_amount.currency_code', 'order.lines[3].unit_amount.currency_code'],
  ],
] as const) {
  test(name, () => assert.equal(price(order as Parameters<typeof priceOrder>[0]), expected));
}

test('all lines together are 65,536 bytes of JSON at most', () => {
  const withText = (bytes: number) => ({
    lines: Array.from({ length: 20 }, (_, index) => ({
      ...line(1, 1n),
      attributes: { text: 'x'.repeat(index === 0 ? bytes : 3_000) },
    })),
  });
  const sizeOf = (order: ReturnType<typeof withText>) => {
    const priced = priceOrder(order);
    return Array.isArray(priced) ? 0 : Buffer.byteLength(JSON.stringify(priced.lines));
  };
  const room = 65_536 - sizeOf(withText(0));
  assert.is(sizeOf(withText(room)), 65_536);
  assert.equal(price(withText(room + 1)), ['order.lines']);
});

test.run();
