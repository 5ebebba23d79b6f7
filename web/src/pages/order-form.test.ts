import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { readOrder, readQuantity, totalOf } from './order-form.ts';
import type { OrderText } from './order-form.ts';

const test = suite('the form of a new order');

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

const byAmount: OrderText = { mode: 'amount', amount: '12,50', description: ' Tea ', lines: [] };

const byLines: OrderText = {
  mode: 'lines',
  amount: '',
  description: '',
  lines: [
    { id: 1, title: 'Lamp', quantity: '3', unitAmount: '0.10' },
    { id: 2, title: 'Gift wrap', quantity: '1', unitAmount: '0' },
  ],
};

test('one amount makes an order', () => {
  assert.equal(readOrder(byAmount, 'USD'), { amount: usd(1250n), description: 'Tea' });
});

test('lines make an order that costs their exact total', () => {
  const order = readOrder(byLines, 'USD');
  assert.equal(order?.amount, usd(30n));
  assert.equal(order?.lines, [
    { title: 'Lamp', quantity: 3, unitAmount: usd(10n) },
    { title: 'Gift wrap', quantity: 1, unitAmount: usd(0n) },
  ]);
});

test('the total is there before the titles are', () => {
  const lines = byLines.lines.map((line) => ({ ...line, title: '' }));
  assert.equal(totalOf({ ...byLines, lines }, 'USD'), usd(30n));
  assert.is(readOrder({ ...byLines, lines }, 'USD'), undefined);
});

const broken: [what: string, text: OrderText][] = [
  ['no amount', { ...byAmount, amount: '' }],
  ['a description of 501 characters', { ...byAmount, description: 'x'.repeat(501) }],
  ['a total of nothing', { ...byLines, lines: byLines.lines.slice(1) }],
  ['a quantity of none', { ...byLines, lines: [{ ...byLines.lines[0]!, quantity: '0' }] }],
  ['a price in words', { ...byLines, lines: [{ ...byLines.lines[0]!, unitAmount: 'ten' }] }],
  [
    'a total beyond the limit',
    { ...byLines, lines: [{ ...byLines.lines[0]!, unitAmount: '9999999999' }] },
  ],
];

for (const [what, text] of broken) {
  test(`is not sent with ${what}`, () => {
    assert.is(readOrder(text, 'USD'), undefined);
  });
}

test('quantities are whole numbers from 1 to 10,000', () => {
  assert.equal(['1', ' 10000 '].map(readQuantity), [1, 10_000]);
  for (const text of ['0', '10001', '1.5', '1e3', '-1', '', 'two']) {
    assert.is(readQuantity(text), undefined, text);
  }
});

test.run();
