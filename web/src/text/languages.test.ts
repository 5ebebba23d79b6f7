import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { operatorLanguages } from '../operations/operator-languages.ts';
import { formatOf } from './format.ts';
import { chooseLanguage, languages, localeOf } from './language.ts';

const test = suite('languages');

/** Paths of all messages, those in tables by key included. */
function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, `${path}.${key}`));
}

test('both have the same messages, and none is empty', () => {
  assert.equal(pathsOf(languages.ru).toSorted(), pathsOf(languages.en).toSorted());
  const texts = JSON.stringify(languages);
  assert.not.match(texts, /:""/);
});

test('so have the pages of operators', () => {
  const { en, ru } = operatorLanguages;
  assert.equal(pathsOf(ru).toSorted(), pathsOf(en).toSorted());
  assert.not.match(JSON.stringify(operatorLanguages), /:""/);
});

test('Russian counts as Russians do', () => {
  const { unread } = languages.ru.inbox;
  assert.equal([1, 3, 5, 11, 21, 22, 112].map(unread), [
    '1 непрочитанное уведомление',
    '3 непрочитанных уведомления',
    '5 непрочитанных уведомлений',
    '11 непрочитанных уведомлений',
    '21 непрочитанное уведомление',
    '22 непрочитанных уведомления',
    '112 непрочитанных уведомлений',
  ]);
  assert.equal([1, 2, 0].map(languages.en.orders.lines), ['1 line', '2 lines', '0 lines']);
});

test('the browser’s first language that is spoken is chosen, English when none is', () => {
  assert.is(chooseLanguage(['de-DE', 'ru-RU', 'en']), 'ru');
  assert.is(chooseLanguage(['EN-gb', 'ru']), 'en');
  assert.is(chooseLanguage(['de', 'fr']), 'en');
  assert.is(chooseLanguage([]), 'en');
});

test('dates and numbers follow the user’s region where the language fits it', () => {
  assert.is(localeOf('en', ['ru-RU', 'en-GB']), 'en-GB');
  assert.is(localeOf('ru', ['en-GB']), 'ru');
});

test('money is exact in every language, with its sign in a statement', () => {
  const amount = { currencyCode: 'USD', amountMinor: -9_007_199_254_740_993n };
  assert.is(formatOf('en-US').money(amount), '-$90,071,992,547,409.93');
  assert.is(formatOf('en-US').change({ ...amount, amountMinor: 5n }), '+$0.05');
  assert.match(formatOf('ru').money({ currencyCode: 'USD', amountMinor: 123_456n }), /^1\s234,56/);
});

test('durations and distances in time have their unit', () => {
  const { duration, ago } = formatOf('en-US');
  assert.equal([12, 3_400, 180_000].map(duration), ['12 ms', '3.4 sec', '3 min']);
  const now = Date.parse('2026-01-02T00:00:00Z');
  const at = (seconds: number) => ago(new Date(now - seconds * 1_000), now);
  assert.equal([0, 59, 60, 7_200, 90_000].map(at), [
    'now',
    '59 seconds ago',
    '1 minute ago',
    '2 hours ago',
    'yesterday',
  ]);
  // A clock that is ahead of ours is not in the future.
  assert.is(at(-5), 'now');
});

test.run();
