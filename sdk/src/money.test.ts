import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import {
  addMoney,
  compareMoney,
  decimalsOf,
  decimalText,
  eur,
  formatMoney,
  money,
  subtractMoney,
  usd,
} from './money.ts';

const test = suite('money');

const codes = ['USD', 'JPY', 'KWD', 'CLF', 'HUF', 'IQD', 'XOF'];
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyMoney = fc
  .tuple(fc.constantFrom(...codes), int64)
  .map(([currencyCode, amountMinor]) => ({ currencyCode, amountMinor }));
const dollars = fc
  .bigInt({ min: -(2n ** 61n), max: 2n ** 61n })
  .map((amountMinor) => ({ currencyCode: 'USD', amountMinor }));

test('the decimals are those of ISO 4217, whatever daily life has', () => {
  const digits = Object.fromEntries(codes.map((code) => [code, decimalsOf(code)]));
  assert.equal(digits, { USD: 2, JPY: 0, KWD: 3, CLF: 4, HUF: 2, IQD: 3, XOF: 0 });
  for (const code of ['XAU', 'XXX', 'usd', 'US', 'USDX', '', 'U D']) {
    assert.throws(() => decimalsOf(code), /is no currency with a minor unit/, code);
  }
});

test('text becomes minor units exactly', () => {
  const rows: [code: string, text: string, minor: bigint][] = [
    ['USD', '12.50', 1250n],
    ['USD', '12.5', 1250n],
    ['USD', '12', 1200n],
    ['USD', '0.01', 1n],
    ['USD', '-0.01', -1n],
    ['USD', '007', 700n],
    ['USD', '90071992547409.93', 9007199254740993n],
    ['JPY', '1250', 1250n],
    ['KWD', '1.234', 1234n],
    ['CLF', '0.0001', 1n],
    ['USD', '92233720368547758.07', 2n ** 63n - 1n],
  ];
  for (const [code, text, minor] of rows) assert.is(money(code, text).amountMinor, minor, text);
  assert.equal(usd('1'), { currencyCode: 'USD', amountMinor: 100n });
  assert.equal(eur('1'), { currencyCode: 'EUR', amountMinor: 100n });
});

test('what is no exact amount is refused', () => {
  const wrong = ['', ' 1', '1 ', '1,000', '1.', '.5', '+1', '1e3', '0x1', '１', '1.234', '--1'];
  for (const text of wrong) assert.throws(() => usd(text), /is no amount in USD/, text);
  assert.throws(() => money('JPY', '1.0'), /0 decimals at most/);
  assert.throws(() => usd('92233720368547758.08'), /larger than 64 bits/);
});

test('text and money are inverse', () => {
  const property = fc.property(anyMoney, (amount) => {
    assert.equal(money(amount.currencyCode, decimalText(amount)), amount);
  });
  fc.assert(property);
});

test('sums are exact, in any order, and undone by differences', () => {
  const property = fc.property(dollars, dollars, (a, b) => {
    assert.is(addMoney(a, b).amountMinor, a.amountMinor + b.amountMinor);
    assert.equal(addMoney(a, b), addMoney(b, a));
    assert.equal(subtractMoney(addMoney(a, b), b), a);
    assert.is(compareMoney(a, b), Math.sign(Number(a.amountMinor - b.amountMinor)));
  });
  fc.assert(property);
  assert.throws(() => addMoney(money('USD', '92233720368547758.07'), usd('0.01')), /64 bits/);
});

test('different currencies neither add, subtract nor compare', () => {
  for (const combine of [addMoney, subtractMoney, compareMoney]) {
    assert.throws(() => combine(usd('1'), eur('1')), /USD and EUR are different currencies/);
  }
});

test('an amount is written as people of the locale do, without losing a cent', () => {
  assert.is(formatMoney(usd('1234.5'), 'en-US'), '$1,234.50');
  assert.is(formatMoney(usd('90071992547409.93'), 'en-US'), '$90,071,992,547,409.93');
  assert.is(formatMoney(money('HUF', '12.34'), 'en-US').replace(/\s/, ' '), 'HUF 12.34');
  assert.is(formatMoney(money('JPY', '-5'), 'en-US'), '-¥5');
  assert.is(formatMoney(usd('3'), 'en-US', { currencyDisplay: 'code' }).slice(0, 3), 'USD');
});

test.run();
