import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { readIfMatch, writeEntityTag } from './entity-tag.ts';
import type { FieldViolation } from './types.ts';

const test = suite('entity tags');

const taken: [header: string | undefined, etag: string][] = [
  [undefined, ''],
  ['*', ''],
  ['"v3"', 'v3'],
  ['v3', 'v3'],
  ['"*"', '*'],
  ['"a,b"', 'a,b'],
  ['"W/v3"', 'W/v3'],
  ['"a\\b"', 'a\\b'],
  ["!#$%&'()*+-./:;<=>?@[\\]^_`{|}~", "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~"],
];

for (const [header, etag] of taken) {
  test(`If-Match: ${header} is the etag ${JSON.stringify(etag)}`, () => {
    const violations: FieldViolation[] = [];
    assert.is(readIfMatch(header, violations), etag);
    assert.equal(violations, []);
  });
}

const oneTag = 'must be one entity tag, such as "v3"';
const strongTag = 'must be a strong entity tag, such as "v3"';

const refused: [header: string, description: string][] = [
  ['', oneTag],
  ['""', oneTag],
  ['"', oneTag],
  ['"v3', oneTag],
  ['v3"', oneTag],
  ['v"3', oneTag],
  ["'v3' ", oneTag],
  ['"v3" ', oneTag],
  ['"v 3"', oneTag],
  ['v 3', oneTag],
  ['"v3", "v4"', oneTag],
  ['"v3","v4"', oneTag],
  ['v3,v4', oneTag],
  ['v3, v4', oneTag],
  ['*, "v3"', oneTag],
  ['"v\t3"', oneTag],
  ['"v\u007f"', oneTag],
  ['"v\u00e5"', oneTag],
  ['v\u00e5', oneTag],
  ['"v3"\n', oneTag],
  ['W/"v3"', strongTag],
  ['w/"v3"', strongTag],
  ['W/v3', strongTag],
  ['W/"v3", "v4"', strongTag],
];

for (const [header, description] of refused) {
  test(`If-Match: ${JSON.stringify(header)} ${description}`, () => {
    const violations: FieldViolation[] = [];
    assert.is(readIfMatch(header, violations), '');
    assert.equal(violations, [{ field: 'If-Match', description }]);
  });
}

test('an etag is sent in quotes, and one that no header can hold is not sent', () => {
  assert.is(writeEntityTag('v3'), '"v3"');
  for (const etag of ['', 'a"b', 'a b', 'a\r\nSet-Cookie: x', 'å', '\ud800']) {
    assert.is(writeEntityTag(etag), undefined, JSON.stringify(etag));
  }
});

test('whatever is sent as ETag comes back from If-Match the same', () => {
  const property = fc.property(fc.string({ unit: 'binary' }), fc.string(), (wild, ascii) => {
    for (const etag of [wild, ascii, ascii.replaceAll(/[ "]/g, '')]) {
      const header = writeEntityTag(etag);
      const violations: FieldViolation[] = [];
      assert.is(readIfMatch(header, violations), header === undefined ? '' : etag);
      assert.equal(violations, []);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test.run();
