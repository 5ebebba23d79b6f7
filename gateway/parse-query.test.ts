import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../test/harness/suite.ts';
import { parseQuery } from './parse-query.ts';

const test = suite('parse query');

const rows: [text: string, expected: Record<string, string | string[]>][] = [
  ['', {}],
  ['&&', {}],
  ['pageSize=10&pageToken=abc', { pageSize: '10', pageToken: 'abc' }],
  ['filter=state=PAID', { filter: 'state=PAID' }],
  ['filter=state%3DPAID', { filter: 'state=PAID' }],
  ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['=a', { '': 'a' }],
  ['a=x+y%20z%2B', { a: 'x y z+' }],
  ['%61=%C3%A5', { a: 'å' }],
  ['a[b]=c', { 'a[b]': 'c' }],
  ['a;b=c', { 'a;b': 'c' }],
];

for (const [text, expected] of rows) {
  test(`${text} → ${JSON.stringify(expected)}`, () => {
    assert.equal({ ...parseQuery(text) }, expected);
  });
}

test('a parameter named like a part of every object is one like any other', () => {
  const query = parseQuery('__proto__=a&constructor=b');
  assert.equal(Object.keys(query), ['__proto__', 'constructor']);
});

test('what is not percent-encoded UTF-8 is malformed HTTP', () => {
  for (const text of ['a=%', 'a=%zz', '%ff=a', 'a=%c3', 'a=%ed%a0%80']) {
    assert.throws(
      () => parseQuery(text),
      (e: unknown) => e instanceof PurserError && e.reason === 'MALFORMED_HTTP',
      text,
    );
  }
});

test.run();
