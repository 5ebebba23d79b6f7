import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { toProblem } from './problem.ts';

const test = suite('problem');
const request = { id: 'request-1', path: '/v1/orders/7' };

test('an error becomes a problem of RFC 9457 with its reason, metadata and request', () => {
  const problem = toProblem(new PurserError('ORDER_NOT_FOUND', { order: 'orders/7' }), request);
  assert.is(problem.status, 404);
  assert.equal(problem.headers, { 'content-type': 'application/problem+json' });
  assert.equal(JSON.parse(problem.body), {
    type: '/docs/errors#order_not_found',
    title: 'Order not found',
    status: 404,
    detail: 'There is no order orders/7.',
    instance: '/v1/orders/7',
    reason: 'ORDER_NOT_FOUND',
    requestId: 'request-1',
    metadata: { order: 'orders/7' },
  });
});

test('violations are members of the problem', () => {
  const violations = [{ field: 'amount', description: 'must be there' }];
  const problem = toProblem(new PurserError('INVALID_REQUEST', {}, { violations }), request);
  assert.is(problem.status, 400);
  assert.equal(JSON.parse(problem.body).violations, violations);
});

for (const [delayMs, seconds] of [
  [1, '1'],
  [1_000, '1'],
  [1_001, '2'],
  [30_000, '30'],
] as const) {
  test(`a retry after ${delayMs} ms is promised in ${seconds} s`, () => {
    const problem = toProblem(
      new PurserError('OVERLOADED', {}, { retryDelayMs: delayMs }),
      request,
    );
    assert.is(problem.status, 503);
    assert.is(problem.headers['retry-after'], seconds);
  });
}

test('a status of HTTP alone replaces the one of the catalogue', () => {
  const problem = toProblem(new PurserError('MALFORMED_HTTP', { cause: 'late' }), request, 408);
  assert.is(problem.status, 408);
  assert.is(JSON.parse(problem.body).status, 408);
});

test.run();
