import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { checkDuration, checkTimestamp } from './check-time.ts';
import type { FieldViolation } from './types.ts';

const test = suite('checkTimestamp and checkDuration');

for (const [text, isFine] of [
  ['0001-01-01T00:00:00.000Z', true],
  ['9999-12-31T23:59:59.999Z', true],
  ['0000-12-31T23:59:59.999Z', false],
  ['+010000-01-01T00:00:00.000Z', false],
  ['nonsense', false],
] as const) {
  test(`the time ${text} is ${isFine ? 'fine' : 'refused'}`, () => {
    const violations: FieldViolation[] = [];
    checkTimestamp(new Date(text), 't', violations);
    assert.is(violations.length, isFine ? 0 : 1);
  });
}

for (const [seconds, nanos, words] of [
  [315_576_000_000n, 0, undefined],
  [-315_576_000_000n, 0, undefined],
  [315_576_000_001n, 0, /at most 315576000000 seconds/],
  [-315_576_000_001n, 0, /at most 315576000000 seconds/],
  [0n, 1_000_000_000, /at most/],
  [1n, -1, /one sign/],
  [-1n, 1, /one sign/],
  [0n, -1, undefined],
  [-1n, -1, undefined],
] as const) {
  test(`the duration ${seconds} s ${nanos} ns is ${words ? 'refused' : 'fine'}`, () => {
    const violations: FieldViolation[] = [];
    checkDuration({ seconds, nanos }, 'd', violations);
    assert.is(violations.length, words === undefined ? 0 : 1);
    assert.match(violations[0]?.description ?? '', words ?? /^$/);
  });
}

test.run();
