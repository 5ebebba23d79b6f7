import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { type Addition, readSignal, signalNumber, writeSignal } from './addition.ts';

const test = suite('signals between instances');

const addition: Addition = {
  userId: 'ann',
  after: { number: 7n, eventId: '019b7c4e-6a4e-7c11-8a52-000000000007' },
  lines: [8n, 9n].map((number) => ({
    number,
    eventId: `019b7c4e-6a4e-7c11-8a52-00000000000${number}`,
    content: Buffer.from([1, 2, Number(number)]),
    traceparent: number === 8n ? undefined : `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  })),
};

test('a signal says what was added, and behind which line', () => {
  const signal = writeSignal(addition);
  assert.is(signalNumber(signal), 9n);
  assert.equal(readSignal('ann', signal), addition);
});

test('what is too large for a signal is left in the log', () => {
  const lines = addition.lines.map((line) => ({ ...line, content: Buffer.alloc(9_000) }));
  const signal = writeSignal({ ...addition, lines });
  assert.is(signal, '9');
  assert.is(signalNumber(signal), 9n);
  assert.is(readSignal('ann', signal), undefined);
});

test('what is no signal says nothing', () => {
  for (const text of ['', 'x', '-1', '1.5', '9999999999999999999', ' 9']) {
    assert.is(signalNumber(text), 0n, text);
    assert.is(readSignal('ann', text), undefined, text);
  }
  for (const text of ['9\nx', '9\n{}', '9\n[1,2]', '9\n["x",["y"]]']) {
    assert.is(signalNumber(text), 9n, text);
    assert.is(readSignal('ann', text), undefined, text);
  }
});

test.run();
