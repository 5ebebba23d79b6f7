import * as assert from 'uvu/assert';
import { errorCatalogue } from '#gen/errors.ts';
import { suite } from '#test/harness/suite.ts';
import { PurserError } from './purser-error.ts';

const test = suite('PurserError');

test('the message is the catalogue’s with the metadata filled in', () => {
  const error = new PurserError('ORDER_NOT_FOUND', { order: 'orders/1' });
  assert.is(error.message, 'There is no order orders/1.');
  assert.is(error.name, 'PurserError');
  assert.equal(error.metadata, { order: 'orders/1' });
  assert.ok(error instanceof Error);
});

test('a value that looks like a placeholder stays as it is', () => {
  const metadata = { currency_code: '{account_currency_code}', account_currency_code: '$&' };
  const { message } = new PurserError('CURRENCY_MISMATCH', metadata);
  assert.is(message, 'The amount is in {account_currency_code}, the account is in $&.');
});

test('the types ask for the metadata of the reason, and for no other', () => {
  // @ts-expect-error The metadata is missing.
  assert.ok(new PurserError('ORDER_NOT_FOUND'));
  // @ts-expect-error The key is missing.
  assert.ok(new PurserError('ORDER_NOT_FOUND', {}));
  // @ts-expect-error There is no such key.
  assert.ok(new PurserError('INTERNAL', { order: 'orders/1' }));
  // @ts-expect-error There is no such reason.
  assert.throws(() => new PurserError('NO_SUCH_REASON'));
});

test('only a retryable error has a delay', () => {
  assert.is(new PurserError('OVERLOADED').retryDelayMs, 1000);
  assert.is(new PurserError('OVERLOADED', {}, { retryDelayMs: 20 }).retryDelayMs, 20);
  assert.is(new PurserError('INTERNAL', {}, { retryDelayMs: 20 }).retryDelayMs, undefined);
});

test('it keeps what led to it, and has no cause otherwise', () => {
  const cause = new Error('connection lost');
  assert.is(new PurserError('INTERNAL', {}, { cause }).cause, cause);
  assert.not.ok('cause' in new PurserError('INTERNAL'));
});

test('the catalogue maps codes as google.rpc.Code does, or as the contract says', () => {
  const statuses = Object.fromEntries(
    Object.entries(errorCatalogue).map(([reason, { code, httpStatus }]) => [
      reason,
      [code, httpStatus],
    ]),
  );
  assert.equal(statuses['INVALID_REQUEST'], [3, 400]);
  assert.equal(statuses['USER_ID_REQUIRED'], [16, 401]);
  assert.equal(statuses['ORDER_NOT_FOUND'], [5, 404]);
  assert.equal(statuses['IDEMPOTENCY_KEY_REUSED'], [6, 409]);
  assert.equal(statuses['OVERLOADED'], [14, 503]);
  assert.equal(statuses['DEADLINE_EXCEEDED'], [4, 504]);
  assert.equal(statuses['CANCELLED'], [1, 499]);
  assert.equal(statuses['INTERNAL'], [13, 500]);
  assert.equal(statuses['METHOD_NOT_ALLOWED'], [12, 405]);
  assert.equal(statuses['BODY_TOO_LARGE'], [3, 413]);
});

test.run();
