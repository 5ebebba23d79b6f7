import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { formatMoney } from './format-money.ts';

const test = suite('format money');

for (const [currencyCode, amountMinor, text] of [
  ['USD', 1_250n, '12.50 USD'],
  ['USD', 5n, '0.05 USD'],
  ['USD', 0n, '0.00 USD'],
  ['EUR', -105n, '-1.05 EUR'],
  ['JPY', 3n, '3 JPY'],
  ['BHD', 1_234n, '1.234 BHD'],
  ['USD', 1_000_000_000_000n, '10000000000.00 USD'],
  ['HUF', 150n, '1.50 HUF'],
  ['XAU', 150n, '150 XAU'],
] as const) {
  test(text, () => assert.is(formatMoney({ currencyCode, amountMinor }), text));
}

test.run();
