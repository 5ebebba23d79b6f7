import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { gatherMs } from './gather.ts';

const test = suite('gather');

test('items that come one by one never wait', () => {
  for (const count of [0, 1, 3]) assert.is(gatherMs(count, 60), 0);
});

test('the pause grows with the last set, up to its limit', () => {
  assert.equal(
    [4, 25, 60, 61, 500].map((count) => gatherMs(count, 60)),
    [4, 25, 60, 60, 60],
  );
});

test.run();
