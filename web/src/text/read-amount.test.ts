import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { readAmount } from './read-amount.ts';

const test = suite('an amount as it is typed');

const good: [text: string, currency: string, minor: bigint][] = [
  ['12.50', 'USD', 1250n],
  ['12,5', 'EUR', 1250n],
  [' 1 234,05 ', 'RUB', 123405n],
  ['1\u00a0000', 'JPY', 1000n],
  ['0.001', 'KWD', 1n],
  ['10000000000', 'USD', 1_000_000_000_000n],
  ['007', 'USD', 700n],
];

for (const [text, currency, minor] of good) {
  test(`“${text}” ${currency} is ${minor} minor units`, () => {
    assert.equal(readAmount(text, currency).amount, { currencyCode: currency, amountMinor: minor });
  });
}

const bad: [text: string, currency: string, problem: string][] = [
  ['', 'USD', 'required'],
  ['  ', 'USD', 'required'],
  ['ten', 'USD', 'unreadable'],
  ['-1', 'USD', 'unreadable'],
  ['+1', 'USD', 'unreadable'],
  ['1e3', 'USD', 'unreadable'],
  ['0x10', 'USD', 'unreadable'],
  ['1.', 'USD', 'unreadable'],
  ['.5', 'USD', 'unreadable'],
  ['1,234.50', 'USD', 'unreadable'],
  ['1,250', 'USD', 'decimals'],
  ['0.5', 'JPY', 'decimals'],
  ['0', 'USD', 'outOfRange'],
  ['0.00', 'USD', 'outOfRange'],
  ['10000000000.01', 'USD', 'outOfRange'],
  ['9'.repeat(400), 'USD', 'outOfRange'],
];

for (const [text, currency, problem] of bad) {
  test(`“${text.slice(0, 20)}” ${currency} is refused: ${problem}`, () => {
    assert.equal(readAmount(text, currency), { problem });
  });
}

test('nothing is allowed where it is asked for', () => {
  assert.is(readAmount('0', 'USD', 0n).amount?.amountMinor, 0n);
});

test.run();
