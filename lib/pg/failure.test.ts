import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  ConflictError,
  isConflict,
  isPermanent,
  isTransient,
  violatedConstraint,
} from './failure.ts';

const test = suite('failure');

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });

// code, transient, conflict
const table: [code: string, transient: boolean, conflict: boolean][] = [
  ['40001', true, true],
  ['40P01', true, true],
  ['55P03', true, false],
  ['57014', true, false],
  ['57P01', true, false],
  ['57P03', true, false],
  ['53300', true, false],
  ['25P04', true, false],
  ['08006', true, false],
  ['ECONNREFUSED', true, false],
  ['ECONNRESET', true, false],
  ['23505', false, false],
  ['22001', false, false],
  ['42601', false, false],
  ['25P02', false, false],
  ['ENOENT', false, false],
];
for (const [code, transient, conflict] of table) {
  test(`${code}: ${transient ? 'passes' : 'stays'}${conflict ? ', a conflict' : ''}`, () => {
    assert.is(isTransient(withCode(code)), transient);
    assert.is(isConflict(withCode(code)), conflict);
  });
}

test('a cause counts, as deep as libraries wrap it', () => {
  const wrapped = new Error('outer', { cause: new Error('middle', { cause: withCode('57P01') }) });
  assert.ok(isTransient(wrapped));
  assert.ok(isTransient(new AggregateError([new Error('a'), withCode('ECONNREFUSED')])));
});

for (const message of [
  'Connection terminated unexpectedly',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
]) {
  test(`"${message}" passes`, () => assert.ok(isTransient(new Error(message))));
}

test('a guard that did not hold is a conflict, and does not pass by waiting', () => {
  assert.ok(isConflict(new ConflictError('x')));
  assert.not(isTransient(new ConflictError('x')));
});

test('what is no error is nothing of all this', () => {
  for (const thing of [undefined, null, 'ECONNREFUSED', { code: '40001' }]) {
    assert.equal(
      [isTransient(thing), isConflict(thing), violatedConstraint(thing)],
      [false, false, undefined],
    );
  }
});

// What the server says; whether the work itself is at fault.
for (const [code, permanent] of [
  ['22001', true],
  ['23514', true],
  ['42703', false],
  ['42501', false],
  ['25006', false],
  ['XX000', false],
  ['40001', false],
  ['57P01', false],
] as const) {
  test(`${code}: ${permanent ? 'the fault of the work' : 'somebody will mend it'}`, () => {
    assert.is(isPermanent(Object.assign(withCode(code), { severity: 'ERROR' })), permanent);
  });
}

test('an error that our own code threw is permanent, a guard that did not hold is not', () => {
  assert.ok(isPermanent(new Error('no such order')));
  assert.not(isPermanent(new ConflictError('x')));
});

test('a violated constraint tells its name', () => {
  const violation = Object.assign(withCode('23514'), { constraint: 'accounts_balance_in_range' });
  assert.is(
    violatedConstraint(new Error('outer', { cause: violation })),
    'accounts_balance_in_range',
  );
  assert.is(violatedConstraint(withCode('40001')), undefined);
});

test.run();
