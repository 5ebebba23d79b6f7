import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { sortMembers } from './sort-members.ts';

const test = suite('sort members');

test('members are sorted at every depth; elements and values stay', () => {
  const value = { b: [{ d: 1, c: null }, 'x', true], a: { z: 0.5, y: {} } };
  assert.is(
    JSON.stringify(sortMembers(value)),
    '{"a":{"y":{},"z":0.5},"b":[{"c":null,"d":1},"x",true]}',
  );
});

test('the value that was given is not changed', () => {
  const value = { b: 1, a: 2 };
  sortMembers(value);
  assert.equal(Object.keys(value), ['b', 'a']);
});

test.run();
