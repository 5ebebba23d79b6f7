import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../test/harness/suite.ts';
import { parseJson } from './parse-json.ts';

const test = suite('parse JSON');

/** What is told about the text; 'fine' when it is taken. */
function causeOf(text: string | Uint8Array): string {
  try {
    parseJson(typeof text === 'string' ? Buffer.from(text) : text);
    return 'fine';
  } catch (error) {
    assert.ok(error instanceof PurserError && error.reason === 'MALFORMED_JSON', String(error));
    return error.metadata.cause ?? '';
  }
}

const rows: [text: string | Uint8Array, cause: string][] = [
  ['{}', 'fine'],
  [' {"a":[{"b":1},{"b":2}],"c":{"a":null}} ', 'fine'],
  ['{"a":"{\\"a\\":1,\\"a\\":2}","b":":"}', 'fine'],
  ['["a","a"]', 'fine'],
  ['{"a":"a","b":"a"}', 'fine'],
  ['{"a\\\\":1,"a":2}', 'fine'],
  ['{"constructor":1,"toString":2}', 'fine'],
  [`${'['.repeat(32)}${']'.repeat(32)}`, 'fine'],
  ['{"a":1,"a":1}', 'the member "a" is repeated'],
  ['{"a":1 , "b":{}, "a" : 2}', 'the member "a" is repeated'],
  ['{"a":1,"\\u0061":2}', 'the member "a" is repeated'],
  ['{"x":[{"a":{"b":1,"b":2}}]}', 'the member "b" is repeated'],
  ['{"__proto__":{}}', 'no member may be named "__proto__"'],
  ['{"a":{"\\u005f_proto__":1}}', 'no member may be named "__proto__"'],
  [`${'['.repeat(33)}${']'.repeat(33)}`, 'it nests deeper than 32 levels'],
  [`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`, 'it nests deeper than 32 levels'],
  ['{"a":1,}', 'syntax error at position 7'],
  ["{'a':1}", 'syntax error at position 1'],
  ['{"a":01}', 'syntax error at position 6'],
  ['{"a":NaN}', 'syntax error'],
  ['{"a":"\t"}', 'syntax error at position 6'],
  ['{"a":1}{"a":1}', 'syntax error at position 7'],
  ['{/**/}', 'syntax error at position 1'],
  ['{"a":', 'it ends too early'],
  ['{"a', 'syntax error at position 3'],
  ['\ufeff{}', 'syntax error'],
  [Uint8Array.of(0x22, 0xff, 0x22), 'it is not UTF-8'],
  [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'it is not UTF-8'],
  [Buffer.from('{"a":1}', 'utf16le'), 'syntax error at position 1'],
];

for (const [text, cause] of rows) {
  const shown = typeof text === 'string' ? text.slice(0, 40) : Buffer.from(text).toString('hex');
  test(`${shown} → ${cause}`, () => {
    assert.is(causeOf(text), cause);
  });
}

test('a repeated member is shown with a bounded part of its name', () => {
  const name = 'n'.repeat(1000);
  assert.ok(causeOf(`{"${name}":1,"${name}":2}`).length < 100);
});

test('any JSON that is taken has the value that JSON.parse gives it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      if (text.includes('__proto__')) return;
      assert.equal(parseJson(Buffer.from(text)), JSON.parse(text));
    }),
  );
});

test('an object with one of its members repeated is never taken', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
  fc.assert(
    fc.property(objects, fc.nat(), (object, pick) => {
      const keys = Object.keys(object);
      const key = keys[pick % keys.length] as string;
      const text = JSON.stringify(object);
      const repeated = `${text.slice(0, -1)},${JSON.stringify(key)}:0}`;
      assert.is.not(causeOf(repeated), 'fine');
    }),
  );
});

test.run();
