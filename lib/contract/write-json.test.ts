import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  writeBigInt,
  writeBytes,
  writeDuration,
  writeList,
  writeObject,
  writeString,
  writeTimestamp,
} from './write-json.ts';

const test = suite('writing JSON');

test('an object is its members between braces', () => {
  assert.is(writeObject(',"a":1,"b":2'), '{"a":1,"b":2}');
  assert.is(writeObject(''), '{}');
});

test('a list keeps its order', () => {
  assert.is(writeList([], String), '[]');
  assert.is(writeList([1, 2, 3], String), '[1,2,3]');
  assert.is(writeList([''], writeString), '[""]');
});

test('text is escaped', () => {
  for (const text of ['a"b\\c', '\u0000\n\u2028', '😀', '</script>']) {
    assert.is(JSON.parse(writeString(text)), text);
  }
});

test('a 64-bit integer is a string of all its digits', () => {
  assert.is(writeBigInt(9_223_372_036_854_775_807n), '"9223372036854775807"');
  assert.is(writeBigInt(-1n), '"-1"');
  assert.is(writeBigInt(0n), '"0"');
});

test('bytes are base64, also of a part of a buffer', () => {
  assert.is(writeBytes(new Uint8Array([251, 255, 0]).subarray(0, 2)), '"+/8="');
  assert.is(writeBytes(new Uint8Array(0)), '""');
});

test('a time has three fractional digits and is in UTC', () => {
  assert.is(writeTimestamp(new Date(0)), '"1970-01-01T00:00:00.000Z"');
  assert.is(writeTimestamp(new Date('0001-01-01T00:00:00.010Z')), '"0001-01-01T00:00:00.010Z"');
});

for (const [seconds, nanos, text] of [
  [0n, 0, '0s'],
  [1n, 500_000_000, '1.500s'],
  [1n, 1_000, '1.000001s'],
  [1n, 1, '1.000000001s'],
  [0n, -500_000_000, '-0.500s'],
  [-3n, 0, '-3s'],
  [-3n, -1_000_000, '-3.001s'],
] as const) {
  test(`${seconds} s ${nanos} ns is ${text}`, () => {
    assert.is(writeDuration({ seconds, nanos }), `"${text}"`);
  });
}

test.run();
