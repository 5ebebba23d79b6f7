import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { filterText, isNarrowed, noFilter } from './list-filter.ts';

const test = suite('filters of lists');

test('an empty one asks for everything', () => {
  assert.is(filterText('state', noFilter), '');
  assert.not.ok(isNarrowed(noFilter));
});

test('days become moments of the user’s time zone, the last one whole', () => {
  const from = new Date(2026, 0, 31).toISOString();
  const next = new Date(2026, 1, 1).toISOString();
  const filter = { value: 'PAID', from: '2026-01-31', until: '2026-01-31' };
  assert.is(
    filterText('state', filter),
    `state=PAID AND create_time>="${from}" AND create_time<"${next}"`,
  );
  assert.ok(isNarrowed({ ...noFilter, until: '2026-01-31' }));
});

test('a day that is still being typed bounds nothing', () => {
  assert.is(filterText('kind', { value: 'REFUND', from: '20', until: '' }), 'kind=REFUND');
});

test.run();
