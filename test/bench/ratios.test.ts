import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { ratios } from './ratios.ts';

const test = suite('the targets of the benchmark');

test('divides what was measured in this run, and leaves out what was not', () => {
  const figures = { bound: { naivePerSecond: 1_000 }, pay: { paidPerSecond: 1_500 } };
  const target = '≥ 2';
  assert.equal(ratios(figures), [{ name: 'pay ÷ naive SQL', value: 1.5, target, reached: false }]);
});

test('knows targets from above and from below', () => {
  const figures = { idle: { createP99Ms: 9, createToPaidP50Ms: 16 } };
  assert.equal(
    ratios(figures).map(({ value, reached }) => [value, reached]),
    [
      [9, true],
      [16, false],
    ],
  );
});

test.run();
