import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { decimalRange } from './decimal-range.ts';

const test = suite('decimal range');

test('small ranges hold exactly their numbers', () => {
  for (let min = -120; min <= 120; min += 7) {
    for (let max = min; max <= 130; max += 3) {
      const pattern = new RegExp(decimalRange(BigInt(min), BigInt(max)), 'u');
      for (let value = -140; value <= 140; value += 1) {
        assert.is(pattern.test(String(value)), value >= min && value <= max, `${min} ${max}`);
      }
    }
  }
});

test('large ranges hold their bounds and nothing beyond them', () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(int64, int64, int64, (a, b, value) => {
      const [min, max] = a < b ? [a, b] : [b, a];
      const pattern = new RegExp(decimalRange(min, max), 'u');
      assert.ok(pattern.test(String(min)) && pattern.test(String(max)));
      assert.not.ok(pattern.test(String(min - 1n)) || pattern.test(String(max + 1n)));
      assert.is(pattern.test(String(value)), value >= min && value <= max);
    }),
  );
});

test('what is no decimal integer of ours is in no range', () => {
  const pattern = new RegExp(decimalRange(-1_000n, 1_000n), 'u');
  for (const text of ['', '+1', '01', '-0', '-', '1.0', '1e2', ' 1', '1\n', '１']) {
    assert.not.ok(pattern.test(text), text);
  }
});

test('the range of an amount is short enough to read', () => {
  const pattern = decimalRange(1n, 1_000_000_000_000n);
  assert.is(pattern, '^(?:[1-9][0-9]{0,11}|1000000000000)$');
});

test.run();
