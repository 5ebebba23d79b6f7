import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { PublishRound } from './publish-round.ts';
import type { OutboxRow, PublishOutcome } from './relay-ports.ts';

const test = suite('publish round');

const stored: PublishOutcome = { kind: 'stored', duplicate: false };
const unknown: PublishOutcome = { kind: 'unknown', cause: new Error('time-out') };
const refused: PublishOutcome = { kind: 'refused', cause: new Error('too large') };

function round(count: number): PublishRound {
  return new PublishRound(
    Array.from({ length: count }, (_, index) => {
      const after = { seen: '3:3:', target: '9:9:', tx: '5', seq: BigInt(index) };
      return { seq: BigInt(index), after } as OutboxRow;
    }),
  );
}

const open = (of: PublishRound) => of.open().map(({ seq }) => Number(seq));

test('the cursor moves over the stored rows at the head and not over a gap', () => {
  const rows = round(4);
  rows.settle([stored, stored, unknown, stored]);
  assert.is(rows.takeStored()?.seq, 1n);
  assert.equal(open(rows), [2]);
  assert.is(rows.takeStored(), undefined);
  rows.settle([stored]);
  assert.is(rows.takeStored()?.seq, 3n);
  assert.ok(rows.done);
});

test('with the first row unknown the cursor does not move', () => {
  const rows = round(2);
  rows.settle([unknown, stored]);
  assert.is(rows.takeStored(), undefined);
  assert.not(rows.done);
});

test('an outcome that is missing leaves its row open', () => {
  const rows = round(2);
  rows.settle([stored]);
  assert.equal(open(rows), [1]);
});

test('a refused row is given up at the head, after so many refusals, and not before', () => {
  const rows = round(3);
  rows.settle([unknown, refused, stored]);
  rows.settle([unknown, refused]);
  assert.is(rows.takeRefused(2), undefined, 'the row before it is still open');
  rows.settle([stored, unknown]);
  assert.is(rows.takeStored()?.seq, 0n);
  assert.is(rows.takeRefused(3), undefined, 'two refusals are not three');
  const given = rows.takeRefused(2);
  assert.is(given?.row.seq, 1n);
  assert.equal(given?.death, { cause: (refused as { cause: Error }).cause, attempts: 2 });
  assert.is(rows.takeStored()?.seq, 2n);
  assert.ok(rows.done);
});

test.run();
