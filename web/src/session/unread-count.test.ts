import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { UnreadCount } from './unread-count.ts';

const test = suite('unread count');

test('a guess stands over what is told meanwhile, and is taken back to what was told last', () => {
  const count = new UnreadCount();
  const seen: number[] = [];
  count.subscribe(() => seen.push(count.value));
  count.set(2);
  count.guess(0);
  count.set(3);
  assert.is(count.value, 0);
  count.guess(undefined);
  count.set(3);
  assert.equal(seen, [2, 0, 3]);
});

test.run();
