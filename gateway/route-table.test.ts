import * as assert from 'uvu/assert';
import { routes } from '#gen/routes.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../test/harness/suite.ts';
import { RouteTable } from './route-table.ts';

const test = suite('route table');

const operations = [
  ['GET', '/v1/orders'],
  ['POST', '/v1/orders'],
  ['GET', '/v1/orders/{order}'],
  ['POST', '/v1/orders/{order}:cancel'],
  ['GET', '/v1/orders/{order}/payment'],
  ['GET', '/v1/requests/{requestId}'],
  ['GET', '/v1/orders/latest'],
  ['POST', '/v1/account:topUp'],
  ['GET', '/v1/account'],
  ['GET', '/v1/shops/{shop}/cars/{car}'],
  ['GET', '/v1/shops/{shop}/cars/{vin}:history'],
].map(([httpMethod, path]) => ({ httpMethod, path }) as { httpMethod: string; path: string });
const table = new RouteTable(operations);

/** 'GET /v1/orders/{order} order=7' or the kind of the mismatch. */
function matched(request: string): string {
  const [httpMethod, path] = request.split(' ') as [string, string];
  const match = table.match(httpMethod, path);
  if (match.kind === 'wrong-method') return match.allow.join(',');
  if (match.kind === 'unknown') return match.kind;
  const params = Object.entries(match.params).map(([name, value]) => ` ${name}=${value}`);
  return `${match.operation.httpMethod} ${match.operation.path}${params.join('')}`;
}

const rows: [request: string, expected: string][] = [
  ['GET /v1/orders', 'GET /v1/orders'],
  ['POST /v1/orders', 'POST /v1/orders'],
  ['HEAD /v1/orders', 'GET /v1/orders'],
  ['GET /v1/orders/7', 'GET /v1/orders/{order} order=7'],
  ['GET /v1/requests/k1', 'GET /v1/requests/{requestId} requestId=k1'],
  ['GET /v1/orders/latest', 'GET /v1/orders/latest'],
  ['GET /v1/orders/latest/payment', 'GET /v1/orders/{order}/payment order=latest'],
  ['POST /v1/orders/7:cancel', 'POST /v1/orders/{order}:cancel order=7'],
  ['GET /v1/orders/a:b', 'GET /v1/orders/{order} order=a:b'],
  ['POST /v1/orders/a:b:cancel', 'POST /v1/orders/{order}:cancel order=a:b'],
  ['GET /v1/orders/7%3Acancel', 'GET /v1/orders/{order} order=7:cancel'],
  ['GET /v1/orders/%C3%A5', 'GET /v1/orders/{order} order=å'],
  ['GET /v1/orders/a+b', 'GET /v1/orders/{order} order=a+b'],
  ['GET /v1/orders/__proto__', 'GET /v1/orders/{order} order=__proto__'],
  ['POST /v1/account:topUp', 'POST /v1/account:topUp'],
  ['GET /v1/shops/1/cars/2', 'GET /v1/shops/{shop}/cars/{car} shop=1 car=2'],
  ['GET /v1/shops/1/cars/2:history', 'GET /v1/shops/{shop}/cars/{vin}:history shop=1 vin=2'],
  ['GET /v1/orders/a%2Fpayment', 'unknown'],
  ['GET /v1/orders/a%2fb', 'unknown'],
  ['GET /v1/orders/', 'unknown'],
  ['GET /v1/orders//payment', 'unknown'],
  ['GET //v1/orders', 'unknown'],
  ['GET /v1/orders/7/payment/8', 'unknown'],
  ['GET /V1/orders', 'unknown'],
  ['GET /v1', 'unknown'],
  ['GET /', 'unknown'],
  ['OPTIONS *', 'unknown'],
  ['GET v1/orders', 'unknown'],
  ['GET /v1/accounts:topUp', 'unknown'],
  ['GET /v1/orders/:cancel', 'GET /v1/orders/{order} order=:cancel'],
  ['GET /v1/orders/7:cancel', 'OPTIONS,POST'],
  ['DELETE /v1/orders', 'GET,HEAD,OPTIONS,POST'],
  ['OPTIONS /v1/account', 'GET,HEAD,OPTIONS'],
  ['HEAD /v1/account:topUp', 'OPTIONS,POST'],
  ['get /v1/orders', 'GET,HEAD,OPTIONS,POST'],
];

for (const [request, expected] of rows) {
  test(`${request} → ${expected}`, () => {
    assert.is(matched(request), expected);
  });
}

test('a parameter that is not percent-encoded UTF-8 is malformed HTTP', () => {
  for (const path of ['/v1/orders/%', '/v1/orders/%zz', '/v1/orders/%ff', '/v1/orders/%ed%a0%80']) {
    assert.throws(
      () => table.match('GET', path),
      (e: unknown) => e instanceof PurserError && e.reason === 'MALFORMED_HTTP',
      path,
    );
  }
});

test('two operations with one method and path do not fit into a table', () => {
  const twice = { httpMethod: 'GET', path: '/v1/{b}' };
  assert.throws(
    () => new RouteTable([{ httpMethod: 'GET', path: '/v1/{a}' }, twice]),
    /Two operations claim GET/,
  );
});

test('every generated route is found under its own path', () => {
  const generated = new RouteTable(routes);
  for (const route of routes) {
    const match = generated.match(route.httpMethod, route.path.replaceAll(/\{[a-z_]+\}/g, 'x'));
    assert.ok(match.kind === 'found' && match.operation === route, route.path);
  }
});

test.run();
