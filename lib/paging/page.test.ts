import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { pageSize, readPageToken, takePage, writePageToken } from './page.ts';

const test = suite('page');
const anything = () => true;

test('a page size of 0 means 50, and more than 1,000 means 1,000', () => {
  assert.equal(
    [0, 1, 50, 1_000, 1_001, 2_147_483_647].map(pageSize),
    [50, 1, 50, 1_000, 1_000, 1_000],
  );
});

test('a token gives back its key', () => {
  const scope = ['ListOrders', 'ann', '{}'];
  const token = writePageToken('0199-abc', scope);
  assert.match(token, /^[\w-]+$/);
  assert.is(readPageToken(token, scope, anything), '0199-abc');
});

test('no token means the first page', () =>
  assert.is(readPageToken('', ['x'], anything), undefined));

const token = writePageToken('key', ['ListOrders', 'ann']);
for (const [name, text, scope, isKey] of [
  ['another user', token, ['ListOrders', 'bob'], anything],
  ['another list', token, ['ListEntries', 'ann'], anything],
  ['a key of another form', token, ['ListOrders', 'ann'], (key: string) => key !== 'key'],
  ['a cut token', token.slice(1), ['ListOrders', 'ann'], anything],
  ['text that is no base64url', `${token}!`, ['ListOrders', 'ann'], anything],
  ['some text', 'abc', ['ListOrders', 'ann'], anything],
] as const) {
  test(`a token of ${name} is refused, naming the field`, () => {
    try {
      readPageToken(text, scope, isKey);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, PurserError);
      assert.equal(
        (error as PurserError).violations?.map(({ field }) => field),
        ['page_token'],
      );
    }
  });
}

test('one row beyond the size means that there is another page', () => {
  assert.equal(takePage([1, 2, 3], 2, String), { page: [1, 2], lastKey: '2' });
  assert.equal(takePage([1, 2], 2, String), { page: [1, 2], lastKey: undefined });
  assert.equal(takePage([], 2, String), { page: [], lastKey: undefined });
});

test.run();
