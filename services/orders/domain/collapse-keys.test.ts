import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { collapseKeys } from './collapse-keys.ts';

const test = suite('collapse keys');

test('the first input of a key stands for the later ones', () => {
  const inputs = [
    { userId: 'ann', requestId: 'k1', n: 0 },
    { userId: 'bob', requestId: 'k1', n: 1 },
    { userId: 'ann', requestId: 'k1', n: 2 },
    { userId: 'ann', requestId: 'k2', n: 3 },
  ];
  const { distinct, leaders } = collapseKeys(inputs);
  assert.equal(
    distinct.map(({ n }) => n),
    [0, 1, 3],
  );
  assert.equal(leaders, [0, 1, 0, 2]);
});

test('inputs without a key stand for themselves', () => {
  const inputs = [
    { userId: 'ann', requestId: null },
    { userId: 'ann', requestId: null },
  ];
  assert.equal(collapseKeys(inputs), { distinct: inputs, leaders: [0, 1] });
});

test('user and key cannot be confused with each other', () => {
  const inputs = [
    { userId: 'a","b', requestId: 'c' },
    { userId: 'a', requestId: 'b","c' },
  ];
  assert.is(collapseKeys(inputs).distinct.length, 2);
});

test.run();
