import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  readBool,
  readBytes,
  readDuration,
  readInt32,
  readInt64,
  readList,
  readMembers,
  readString,
  readTimestamp,
  readUint32,
  readUint64,
  refuseUnknown,
} from './read-json.ts';
import type { Reader } from './read-json.ts';
import { violationsMax } from './refuse.ts';
import type { FieldViolation } from './types.ts';

const test = suite('reading JSON');

/** What each reader takes, and for what. */
const taken: [read: Reader<unknown>, value: unknown, result: unknown][] = [
  [readString, '', ''],
  [readString, 'é😀\0', 'é😀\0'],
  [readBool, true, true],
  [readBool, false, false],
  [readInt32, 0, 0],
  [readInt32, -2_147_483_648, -2_147_483_648],
  [readInt32, 2_147_483_647, 2_147_483_647],
  [readInt32, JSON.parse('1.0'), 1],
  [readInt32, JSON.parse('1e2'), 100],
  [readUint32, 4_294_967_295, 4_294_967_295],
  [readInt64, '0', 0n],
  [readInt64, '-1', -1n],
  [readInt64, '9223372036854775807', 9_223_372_036_854_775_807n],
  [readInt64, '-9223372036854775808', -9_223_372_036_854_775_808n],
  [readUint64, '18446744073709551615', 18_446_744_073_709_551_615n],
  [readBytes, '', new Uint8Array(0)],
  [readBytes, '+/8=', new Uint8Array([251, 255])],
  [readBytes, '-_8', new Uint8Array([251, 255])],
  [readTimestamp, '2026-02-28T23:59:59Z', new Date('2026-02-28T23:59:59Z')],
  [readTimestamp, '2024-02-29t00:00:00.1z', new Date('2024-02-29T00:00:00.100Z')],
  [readTimestamp, '2026-01-01T00:00:00.123+05:30', new Date('2025-12-31T18:30:00.123Z')],
  [readTimestamp, '0001-01-01T00:00:00Z', new Date('0001-01-01T00:00:00Z')],
  [readDuration, '1.5s', { seconds: 1n, nanos: 500_000_000 }],
  [readDuration, '-0.000000001s', { seconds: 0n, nanos: -1 }],
  [readDuration, '315576000000s', { seconds: 315_576_000_000n, nanos: 0 }],
];

for (const [read, value, result] of taken) {
  test(`${read.name} takes ${JSON.stringify(value)}`, () => {
    const violations: FieldViolation[] = [];
    assert.equal(read(value, 'x', violations), result);
    assert.equal(violations, []);
  });
}

/** What each reader refuses besides values of other types. */
const refused: [read: Reader<unknown>, words: RegExp, values: unknown[]][] = [
  [readString, /must be a string/, [1, true, [], {}]],
  [readString, /must be well-formed Unicode/, ['\ud800', 'a\udc00b', '\ude00\ud83d']],
  [readBool, /must be true or false/, ['true', 'false', 0, 1, '']],
  [
    readInt32,
    /must be an integer from -2147483648 to 2147483647/,
    ['1', 1.5, 2_147_483_648, -2_147_483_649, JSON.parse('1e400'), NaN],
  ],
  [readUint32, /must be an integer from 0 to 4294967295/, [-1, 4_294_967_296, '1']],
  [
    readInt64,
    /must be a string that holds an integer from -9223372036854775808 to/,
    [
      1,
      1250,
      1.5,
      0,
      '',
      ' 1',
      '1 ',
      '1.5',
      '1.0',
      '1e3',
      '+1',
      '01',
      '-0',
      '-01',
      '0x10',
      '1_000',
      '١',
      '9223372036854775808',
      '-9223372036854775809',
      '9'.repeat(21),
      'NaN',
      'Infinity',
      '1n',
      '1\n',
    ],
  ],
  [readUint64, /from 0 to 18446744073709551615/, ['-1', '18446744073709551616']],
  [readBytes, /must be a string in base64/, ['a', 'ab=', '====', 'a b=', 'ab==c', 'abc==', 'é===']],
  [
    readTimestamp,
    /must be a time in RFC 3339 with at most three fractional digits/,
    [
      '',
      '2026-01-01',
      '2026-01-01T00:00:00',
      '2026-01-01 00:00:00Z',
      '2026-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:60Z',
      '0000-01-01T00:00:00Z',
      '2026-01-01T00:00:00.1234Z',
      '2026-01-01T00:00:00.Z',
      '2026-01-01T00:00:00+24:00',
      '12026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z\n',
      1_767_225_600,
      '2026-01-01T99T00:00:00Z',
    ],
  ],
  [
    readDuration,
    /must be a duration in seconds/,
    ['', '1', '1.s', '.5s', '1.0000000001s', '315576000001s', '315576000000.1s', '+1s', '1S', 1],
  ],
];

for (const [read, words, values] of refused) {
  for (const value of [...values, null, [], {}]) {
    test(`${read.name} refuses ${JSON.stringify(value)} ${String(words).slice(0, 20)}`, () => {
      const violations: FieldViolation[] = [];
      read(value, 'a.b', violations);
      assert.is(violations.length, 1);
      assert.is(violations[0]?.field, 'a.b');
      // A value of another type is told by the first rule of its reader.
      const expected = typeof value === 'string' ? words : /^must be/;
      assert.match(violations[0]?.description ?? '', expected);
    });
  }
}

test('minus zero is zero', () => {
  assert.ok(Object.is(readInt32(JSON.parse('-0'), 'x', []), 0));
});

test('every element of a list is read under its own path', () => {
  const violations: FieldViolation[] = [];
  assert.equal(readList(['a', 1, 'b', null], 'x', violations, readString), ['a', '', 'b', '']);
  assert.equal(
    violations.map(({ field }) => field),
    ['x[1]', 'x[3]'],
  );
});

for (const value of [{}, { 0: 'a', length: 1 }, 'a', null, undefined, 1]) {
  test(`${JSON.stringify(value)} is no list`, () => {
    const violations: FieldViolation[] = [];
    assert.equal(readList(value, 'x', violations, readString), []);
    assert.equal(violations, [{ field: 'x', description: 'must be an array' }]);
  });
}

for (const value of [[], [{}], 'a', null, undefined, 1, true]) {
  test(`${JSON.stringify(value)} is no object`, () => {
    const violations: FieldViolation[] = [];
    assert.is(readMembers(value, 'x', violations), undefined);
    assert.is(readMembers(value, '', violations), undefined);
    assert.equal(violations, [
      { field: 'x', description: 'must be a JSON object' },
      { field: 'body', description: 'must be a JSON object' },
    ]);
  });
}

for (const [name, hint] of [
  ['amount_minor', 'is not known; it is spelled amountMinor'],
  ['AmountMinor', 'is not known; it is spelled amountMinor'],
  ['amountminor', 'is not known; it is spelled amountMinor'],
  ['amountMinors', 'is not known'],
  ['requestId', 'is not known; send the header Idempotency-Key instead'],
  ['request_id', 'is not known; send the header Idempotency-Key instead'],
  ['etag', 'is not known; send the header If-Match instead'],
  ['ETag', 'is not known; send the header If-Match instead'],
  ['__proto__', 'is not known'],
] as const) {
  test(`the member ${name}: ${hint}`, () => {
    const violations: FieldViolation[] = [];
    refuseUnknown(name, 'a.', ['currencyCode', 'amountMinor'], violations);
    assert.equal(violations, [{ field: `a.${name}`, description: hint }]);
  });
}

test('a long name is not repeated in full', () => {
  const violations: FieldViolation[] = [];
  refuseUnknown('x'.repeat(10_000), '', [], violations);
  assert.is(violations[0]?.field.length, 64);
});

test('no request is told of more than a hundred violations', () => {
  const violations: FieldViolation[] = [];
  readList(Array(5000).fill(1), 'x', violations, readString);
  assert.is(violations.length, violationsMax);
});

test.run();
