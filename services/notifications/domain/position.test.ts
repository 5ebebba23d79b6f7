import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  type Following,
  followingMax,
  leadsOn,
  readResumeToken,
  start,
  writeResumeToken,
} from './position.ts';

const test = suite('position in a log');

test('a token gives its position back to its user', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 2n ** 63n - 1n),
      fc.uuid(),
      fc.string(),
      (number, eventId, userId) => {
        const token = writeResumeToken(userId, { number, eventId });
        assert.ok(token.length <= 128);
        assert.equal(readResumeToken(userId, token), { number, eventId });
      },
    ),
  );
  assert.equal(readResumeToken('ann', writeResumeToken('ann', start)), start);
});

test('a token is of no use to another user, and nothing else is one', () => {
  const token = writeResumeToken('ann', { number: 5n, eventId: randomUUID() });
  assert.is(readResumeToken('bob', token), undefined);
  for (const text of ['x', `${token}A`, token.slice(1), `B${token.slice(1)}`, `${token}=`, '…']) {
    assert.is(readResumeToken('ann', text), undefined, text);
  }
});

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => BigInt(from + index));

// In the order of the checks: what stands behind position 10, and whether a stream can go on.
const table: [string, Following, boolean][] = [
  ['nothing was missed', { head: 10n, isKnown: true, numbers: [] }, true],
  ['three were missed', { head: 13n, isKnown: true, numbers: range(11, 13) }, true],
  ['more than a page', { head: 200n, isKnown: true, numbers: range(11, 10 + followingMax) }, true],
  ['the log does not know it', { head: 13n, isKnown: false, numbers: range(11, 13) }, false],
  ['the log went back', { head: 9n, isKnown: true, numbers: [] }, false],
  ['too many', { head: 511n, isKnown: true, numbers: range(11, 10 + followingMax) }, false],
  ['the first is gone', { head: 13n, isKnown: true, numbers: range(12, 13) }, false],
  ['one between is gone', { head: 13n, isKnown: true, numbers: [11n, 13n] }, false],
  ['the last is gone', { head: 13n, isKnown: true, numbers: range(11, 12) }, false],
];
for (const [name, following, expected] of table) {
  test(`${name}: ${expected ? 'goes on' : 'starts over'}`, () => {
    assert.is(leadsOn(10n, following), expected);
  });
}

test.run();
