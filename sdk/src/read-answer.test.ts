import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import {
  listOf,
  optional,
  readBigInt,
  readBoolean,
  readBytes,
  readMessage,
  readName,
  readNumber,
  readText,
  readTime,
} from './read-answer.ts';

const test = suite('answers of the SDK');

test('what is missing has the value of absence', () => {
  const read = [
    readText,
    readBoolean,
    readNumber,
    readBigInt,
    readBytes,
    readTime,
    listOf(readText),
  ];
  const values = read.map((each) => each(undefined));
  assert.equal(values, ['', false, 0, 0n, new Uint8Array(), undefined, []]);
  assert.is(readName(undefined), 'UNSPECIFIED');
  assert.is(optional(readNumber)(undefined), undefined);
  assert.is(optional(readNumber)(0), 0);
  assert.is(readMessage(undefined, {}), undefined);
  assert.is(readMessage(null, {}), undefined);
});

test('what is there is read, and only that', () => {
  assert.is(readBigInt('-9223372036854775808'), -(2n ** 63n));
  assert.is(readBigInt(7), 7n);
  assert.equal(readBytes('AP8='), new Uint8Array([0, 255]));
  assert.equal(listOf(readBigInt)(['1', '2']), [1n, 2n]);
  const fields = { text: readText, time: readTime };
  assert.equal(readMessage({ text: 'a', other: 1 }, fields), { text: 'a' });
});

test.run();
