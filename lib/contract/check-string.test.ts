import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { checkString } from './check-string.ts';
import type { StringLimits } from './check-string.ts';
import type { FieldViolation } from './types.ts';

const test = suite('checkString');

function check(value: string, limits: StringLimits): string[] {
  const violations: FieldViolation[] = [];
  checkString(value, limits, 'a.b', violations);
  assert.ok(violations.every(({ field }) => field === 'a.b'));
  return violations.map(({ description }) => description);
}

const rows: [value: string, limits: StringLimits, expected: string[]][] = [
  ['', { minLength: 3, pattern: /^x$/u }, []],
  ['ab', { minLength: 3 }, ['must have at least 3 characters']],
  ['abc', { minLength: 3 }, []],
  ['😀😀', { minLength: 3 }, ['must have at least 3 characters']],
  ['😀😀😀', { minLength: 3, maxLength: 3 }, []],
  ['x'.repeat(500), { maxLength: 500 }, []],
  ['x'.repeat(501), { maxLength: 500 }, ['must have at most 500 characters']],
  ['😀'.repeat(500), { maxLength: 500 }, []],
  ['😀'.repeat(501), { maxLength: 500 }, ['must have at most 500 characters']],
  [`${'😀'.repeat(499)}xx`, { maxLength: 500 }, ['must have at most 500 characters']],
  ['x'.repeat(100_000), { maxLength: 500 }, ['must have at most 500 characters']],
  // A combining mark is a code point of its own, whatever a reader sees.
  ['e\u0301', { maxLength: 1 }, ['must have at most 1 characters']],
  ['a/b', { pattern: /^[^/]+$/u }, ['must match the pattern ^[^/]+$']],
  ['orders/', { pattern: /^orders\/[^/]+$/u }, ['must match the pattern ^orders/[^/]+$']],
  ['usd', { pattern: /^[A-Z]{3}$/u }, ['must match the pattern ^[A-Z]{3}$']],
  ['USD\n', { pattern: /^[A-Z]{3}$/u }, ['must match the pattern ^[A-Z]{3}$']],
  ['USD', { pattern: /^[A-Z]{3}$/u }, []],
  [
    'ab',
    { minLength: 3, pattern: /^x+$/u },
    ['must have at least 3 characters', 'must match the pattern ^x+$'],
  ],
  ['abcd', { maxLength: 3, pattern: /^x+$/u }, ['must have at most 3 characters']],
  ['a\0b', {}, ['must not contain the character NUL']],
  ['a\ud800', {}, ['must be well-formed Unicode']],
  ['\udc00\ud800', { maxLength: 1 }, ['must be well-formed Unicode']],
  ['any\nthing 😀', {}, []],
];

for (const [value, limits, expected] of rows) {
  const shown = value.length > 20 ? `${value.slice(0, 2)}… (${value.length})` : value;
  test(`${JSON.stringify(shown)} within ${Object.keys(limits)}: ${expected[0] ?? 'fine'}`, () => {
    assert.equal(check(value, limits), expected);
  });
}

test.run();
