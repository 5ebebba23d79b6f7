import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { checkStruct } from './check-struct.ts';
import type { FieldViolation } from './types.ts';

const test = suite('check struct');

function check(value: Record<string, unknown>, bytesMax = 100): string | undefined {
  const violations: FieldViolation[] = [];
  checkStruct(value, bytesMax, 'a', violations);
  assert.ok(violations.every(({ field }) => field === 'a'));
  return violations.map(({ description }) => description).join('; ');
}

/** An object in an object …, `levels` of them. */
function nested(levels: number): Record<string, unknown> {
  return levels === 1 ? {} : { a: levels % 2 ? [nested(levels - 2)] : nested(levels - 1) };
}

for (const [name, value, complaint] of [
  ['an empty object', {}, ''],
  ['every kind of JSON', { a: null, b: true, c: -0.5, d: '☕', e: [1, ['x']], f: { g: {} } }, ''],
  ['16 levels', nested(16), ''],
  ['17 levels', { a: nested(16) }, 'must not nest deeper than 16 levels'],
  ['17 levels of arrays', { a: [nested(15)] }, 'must not nest deeper than 16 levels'],
  ['infinity', { a: [Infinity] }, 'must hold finite numbers only'],
  ['not a number', { a: NaN }, 'must hold finite numbers only'],
  ['a value without a kind', { a: [undefined] }, 'must not hold a value without a kind'],
  ['NUL in a string', { a: ['x\0'] }, 'must not contain the character NUL'],
  ['NUL in a name', { 'x\0': 1 }, 'must not contain the character NUL'],
  ['half a character', { a: '\ud83d' }, 'must be well-formed Unicode'],
  ['half a character in a name', { '\ud83d': 1 }, 'must be well-formed Unicode'],
] as const) {
  test(name, () => assert.is(check(value), complaint));
}

test('bytes are counted as JSON in UTF-8', () => {
  assert.is(check({ a: '☕' }, 11), '');
  assert.is(check({ a: '☕' }, 10), 'must have at most 10 bytes as JSON');
});

test.run();
