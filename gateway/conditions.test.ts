// Actions on an order over the real gateway: custom verbs, and the headers If-Match and ETag.
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../test/harness/suite.ts';
import {
  asAlice,
  asAliceWithJson,
  cannedOrder,
  problemOf,
  startTestGateway,
  startTestServices,
  validOrder,
  type TestGateway,
  type TestServices,
} from './test-gateway.ts';

const test = suite('conditions');
let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`);
});
test.before.each(() => {
  services.received.length = 0;
  services.onCall = async () => undefined;
});
test.after(async () => {
  await gateway.stop();
  await services.stop();
});

const cancel = '/v1/orders/7:cancel';
const lastRequest = () => services.received.at(-1)?.request;

for (const [verb, method] of [
  ['cancel', 'CancelOrder'],
  ['assemble', 'AssembleOrder'],
  ['deliver', 'DeliverOrder'],
] as const) {
  test(`:${verb} takes an empty object for a body, and no body at all`, async () => {
    const path = `/v1/orders/7:${verb}`;
    const request = { name: 'orders/7', reason: '', etag: '' };
    for (const response of [
      await gateway.post(path, {}),
      await gateway.ask(path, { method: 'POST' }),
      await gateway.post(path, ''),
    ]) {
      assert.is(response.status, 200);
      assert.is(services.received.at(-1)?.method, method);
      assert.equal(lastRequest(), request);
    }
    assert.is(services.received.length, 3);
  });
}

test('a body with members is read, and one that is not JSON is refused', async () => {
  const shipment = { carrier: 'DHL', trackingCode: 'X1' };
  assert.is((await gateway.post('/v1/orders/7:ship', { shipment, reason: 'now' })).status, 200);
  assert.equal(lastRequest(), { name: 'orders/7', shipment, reason: 'now', etag: '' });
  const bare = await gateway.ask('/v1/orders/7:ship', { method: 'POST' });
  assert.equal((await problemOf(bare)).violations, [
    { field: 'shipment', description: 'is required' },
  ]);
  const untyped = { method: 'POST', body: Buffer.from('{}') };
  assert.is((await gateway.ask(cancel, untyped)).status, 415);
  assert.is((await gateway.post(cancel, '{')).status, 400);
  assert.is(services.received.length, 1);
});

for (const [request, status, detail] of [
  ['GET /v1/orders/7:cancel', 405, 'OPTIONS, POST'],
  ['HEAD /v1/orders/7:cancel', 405, 'OPTIONS, POST'],
  ['DELETE /v1/orders/7:cancel', 405, 'OPTIONS, POST'],
  ['POST /v1/orders/a:b:cancel', 200, 'orders/a:b'],
  ['POST /v1/orders/a%3Ab:cancel', 200, 'orders/a:b'],
  ['POST /v1/orders/7%3Acancel:cancel', 200, 'orders/7:cancel'],
  // An encoded colon is data: this is the order "7:cancel", which one can only get.
  ['POST /v1/orders/7%3Acancel', 405, 'GET, HEAD, OPTIONS'],
  ['POST /v1/orders/7:Cancel', 405, 'GET, HEAD, OPTIONS'],
  ['POST /v1/orders/:cancel', 405, 'GET, HEAD, OPTIONS'],
  ['POST /v1/orders/a%2Fb:cancel', 404, undefined],
  ['POST /v1/orders%2F7:cancel', 404, undefined],
  ['POST /v1/orders/7%2F:cancel', 404, undefined],
  ['POST /v1/orders/7:cancel/', 404, undefined],
  ['POST /v1/orders/7/:cancel', 404, undefined],
  ['POST /v1/orders:cancel', 404, undefined],
  ['POST /v1/orders/%ff:cancel', 400, undefined],
] as const) {
  test(`${request} answers ${status} ${detail ?? ''}`, async () => {
    const [method, path] = request.split(' ') as [string, string];
    const response = await gateway.ask(path, { method });
    assert.is(response.status, status);
    if (status === 200) {
      assert.is(services.received[0]?.method, 'CancelOrder');
      assert.is((lastRequest() as { name: string }).name, detail);
    } else {
      assert.is(response.headers.get('allow') ?? undefined, detail);
      assert.is(services.received.length, 0);
    }
  });
}

for (const [header, etag] of [
  ['"v3"', 'v3'],
  ['v3', 'v3'],
  ['*', ''],
  [' "v3" ', 'v3'],
] as const) {
  test(`If-Match: ${header} reaches the service as the etag ${JSON.stringify(etag)}`, async () => {
    const response = await gateway.post(cancel, {}, { ...asAliceWithJson, 'if-match': header });
    assert.is(response.status, 200);
    assert.equal(lastRequest(), { name: 'orders/7', reason: '', etag });
  });
}

test('If-Match holds on an action without a body', async () => {
  const headers = { ...asAlice, 'if-match': '"v3"' };
  assert.is((await gateway.ask(cancel, { method: 'POST', headers })).status, 200);
  assert.equal(lastRequest(), { name: 'orders/7', reason: '', etag: 'v3' });
});

for (const header of ['', '""', 'W/"v3"', '"v3", "v4"', '"v3', 'v 3', `"${'v'.repeat(65)}"`]) {
  test(`If-Match: ${header.slice(0, 12)} is refused and reaches no handler`, async () => {
    const response = await gateway.post(cancel, {}, { ...asAliceWithJson, 'if-match': header });
    assert.is(response.status, 400);
    const problem = await problemOf(response);
    assert.is(problem.reason, 'INVALID_REQUEST');
    assert.equal(
      problem.violations?.map(({ field }) => field),
      ['If-Match'],
    );
    assert.is(services.received.length, 0);
  });
}

test('an etag in the body or the query is refused with the name of the header', async () => {
  const violations = [
    { field: 'etag', description: 'is not known; send the header If-Match instead' },
  ];
  const inBody = await gateway.post(cancel, { etag: 'v3' });
  assert.equal((await problemOf(inBody)).violations, violations);
  const inQuery = await gateway.post(`${cancel}?etag=v3`, {});
  assert.equal((await problemOf(inQuery)).violations, violations);
  assert.is(services.received.length, 0);
});

test('If-Match is ignored, whatever it says, where the contract has no condition', async () => {
  const headers = { ...asAliceWithJson, 'if-match': 'W/"nonsense", x' };
  assert.is((await gateway.post('/v1/orders', validOrder, headers)).status, 201);
  assert.is(
    (await gateway.ask('/v1/orders/7', { headers: { ...asAlice, ...headers } })).status,
    200,
  );
});

test('an answer with an etag has the header ETag, which If-Match takes back', async () => {
  services.onCall = async () => ({ ...cannedOrder, etag: 'v12' });
  const created = await gateway.post('/v1/orders', validOrder);
  assert.is(created.headers.get('etag'), '"v12"');
  assert.is(((await created.json()) as { etag: string }).etag, 'v12');
  for (const method of ['GET', 'HEAD']) {
    assert.is((await gateway.ask('/v1/orders/7', { method })).headers.get('etag'), '"v12"');
  }
  const headers = { ...asAliceWithJson, 'if-match': String(created.headers.get('etag')) };
  const cancelled = await gateway.post(cancel, {}, headers);
  assert.is(cancelled.headers.get('etag'), '"v12"');
  assert.equal(lastRequest(), { name: 'orders/7', reason: '', etag: 'v12' });
});

test('an answer without an etag, or with one that no header can hold, has no ETag', async () => {
  for (const path of ['/v1/orders', '/v1/account', '/healthz']) {
    const response = await gateway.ask(path);
    assert.is(response.status, 200, path);
    assert.is(response.headers.get('etag'), null, path);
  }
  for (const etag of ['', 'a\r\nx-a: b', 'å']) {
    services.onCall = async () => ({ ...cannedOrder, etag });
    const response = await gateway.ask('/v1/orders/7');
    assert.is(response.status, 200);
    assert.is(response.headers.get('etag'), null);
  }
});

test('a stale etag is told of as the service tells it, without an ETag', async () => {
  const metadata = { order: 'orders/7', etag: 'v4' };
  services.onCall = () => Promise.reject(new PurserError('ETAG_MISMATCH', metadata));
  const response = await gateway.post(cancel, {}, { ...asAliceWithJson, 'if-match': '"v3"' });
  const problem = await problemOf(response);
  assert.is(problem.reason, 'ETAG_MISMATCH');
  assert.equal(problem.metadata, metadata);
  assert.is(response.headers.get('etag'), null);
});

test.run();
