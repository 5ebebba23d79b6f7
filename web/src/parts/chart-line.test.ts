import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Entry } from '#sdk/src/index.ts';
import { chartLine } from './chart-line.ts';

const test = suite('the line of the balance');

const size = { width: 100, height: 50 };

/** A statement, newest first, from its balances, oldest first. */
function statement(...balances: [minor: number, atMs: number][]): Entry[] {
  return balances
    .map(([minor, atMs], index) => ({
      amount: { currencyCode: 'USD', amountMinor: 0n },
      balanceAfter: { currencyCode: 'USD', amountMinor: BigInt(minor) },
      ledgerVersion: BigInt(index + 1),
      kind: 'TOP_UP',
      order: '',
      createTime: new Date(atMs),
    }))
    .toReversed();
}

test('goes in steps: the balance holds until the next entry', () => {
  const line = chartLine(statement([100, 0], [50, 500], [200, 1_000]), size);
  assert.equal(line?.points, [
    [0, 25],
    [50, 25],
    [50, 37.5],
    [100, 37.5],
    [100, 0],
  ]);
  assert.equal(
    [line?.first, line?.last, line?.low, line?.high].map((each) => each?.amountMinor),
    [100n, 200n, 50n, 200n],
  );
});

test('entries of one moment lie beside each other', () => {
  const line = chartLine(statement([100, 7], [50, 7], [100, 7]), size);
  assert.equal(
    line?.points.map(([x]) => x),
    [0, 50, 50, 100, 100],
  );
});

test('nothing but zeros is a line at the bottom', () => {
  const line = chartLine(statement([0, 0], [0, 10]), size);
  assert.ok(line?.points.every(([, y]) => y === 50));
});

test('one entry, or none, is no line', () => {
  assert.is(chartLine(statement([100, 0]), size), undefined);
  assert.is(chartLine([], size), undefined);
});

test.run();
