// Holds gen/openapi.json against the gateway: what it promises is what callers meet.
import * as assert from 'uvu/assert';
import type { Reason } from '#gen/errors.ts';
import { routes } from '#gen/routes.ts';
import type { FieldViolation, Route, RouteInput } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { Readiness } from '#lib/process/readiness.ts';
import {
  answerFaults,
  apiDocument,
  apiOperation,
  apiOperations,
  follow,
  schemaCheck,
  schemaFaults,
  type ApiOperation,
} from '../harness/api-document.ts';
import { suite } from '../harness/suite.ts';
import { operationsOf } from '../../gateway/operations.ts';
import { parseQuery } from '../../gateway/parse-query.ts';
import { toProblem } from '#lib/http/problem.ts';
import {
  asAliceWithJson,
  silent,
  startTestGateway,
  startTestServices,
  type TestGateway,
  type TestServices,
} from '../../gateway/test-gateway.ts';

const test = suite('OpenAPI document');
const json = 'application/json';
let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`);
});
test.before.each(() => {
  services.onCall = async () => undefined;
});
test.after(async () => {
  await gateway.stop();
  await services.stop();
});

function routeOf({ httpMethod, path }: ApiOperation): Route | undefined {
  return routes.find((route) => route.httpMethod === httpMethod && route.path === path);
}

/** The path with the examples of its parameters. */
function pathOf({ path, parameters }: ApiOperation): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((it) => it.in === 'path' && it.name === name);
    assert.type(parameter?.example, 'string', `${path}: ${name} has no example`);
    return encodeURIComponent(String(parameter?.example));
  });
}

/** What a request made of the document's examples holds. */
function inputOf({ parameters, requestBody }: ApiOperation): RouteInput {
  const examplesIn = (place: string) =>
    parameters.filter((it) => it.in === place && it.example !== undefined);
  const query = examplesIn('query').map(({ name, example }) => `${name}=${String(example)}`);
  return {
    params: Object.fromEntries(examplesIn('path').map((it) => [it.name, String(it.example)])),
    query: parseQuery(query.join('&')),
    body: requestBody?.content[json]?.example,
    idempotencyKey: undefined,
    ifMatch: undefined,
  };
}

test('the document and the gateway have the same operations', () => {
  const readiness = new Readiness({ checks: {}, log: silent });
  const served = operationsOf(routes, readiness)
    // OpenAPI has no words for a WebSocket; docs/live.md describes it.
    .filter(({ kind }) => kind !== 'document' && kind !== 'live')
    .map(({ httpMethod, path }) => `${httpMethod} ${path}`);
  const described = apiOperations.map(({ httpMethod, path }) => `${httpMethod} ${path}`);
  assert.equal(described.toSorted(), served.toSorted());
});

test('the running gateway answers to every described operation, by its method alone', async () => {
  for (const operation of apiOperations) {
    const options = await gateway.ask(pathOf(operation), { method: 'OPTIONS', headers: {} });
    assert.is(options.status, 204, operation.path);
    const allowed = options.headers.get('allow')?.split(', ') ?? [];
    const described = apiOperations.filter(({ path }) => path === operation.path);
    const methods = allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method));
    assert.equal(methods, described.map(({ httpMethod }) => httpMethod).toSorted());
  }
});

test('operation ids are unique', () => {
  const ids = apiOperations.map(({ operationId }) => operationId);
  assert.is(new Set(ids).size, ids.length);
});

for (const operation of apiOperations) {
  const route = routeOf(operation);
  if (route === undefined) continue;

  test(`the examples of ${operation.operationId} are a request that is accepted`, () => {
    const input = inputOf(operation);
    assert.is(operation.requestBody !== undefined, route.hasBody);
    if (route.hasBody) assert.ok(input.body, 'its body has no example');
    const violations: FieldViolation[] = [];
    const message = route.read(input, violations);
    assert.equal([...violations, ...route.method.validate(message)], []);
  });

  test(`the answer of ${operation.operationId} has an example that fits it`, () => {
    const media = operation.responses[route.status]?.content[json];
    assert.ok(media?.example, 'it has no example');
    assert.equal(schemaFaults(media?.schema, media?.example), []);
  });

  test(`${operation.operationId} describes its headers as the gateway reads them`, () => {
    const headers = operation.parameters.filter((it) => it.in === 'header').map(({ name }) => name);
    const expected = [
      ...(route.method.keyed ? ['Idempotency-Key'] : []),
      ...(route.conditional ? ['If-Match'] : []),
    ];
    assert.equal(headers, expected);
  });

  test(`a body of ${operation.operationId} with an unknown member is refused by both`, () => {
    const schema = operation.requestBody?.content[json]?.schema;
    if (schema === undefined) return;
    const input = inputOf(operation);
    const body = { ...(input.body as object), surprise: 1 };
    const violations: FieldViolation[] = [];
    route.read({ ...input, body }, violations);
    assert.equal(violations, [{ field: 'surprise', description: 'is not known' }]);
    assert.is(schemaFaults(schema, body).length, 1);
    assert.equal(schemaFaults(schema, input.body), []);
  });
}

const usd = { currencyCode: 'USD', amountMinor: '1' };
const line = { title: 'Tea', quantity: 1, unitAmount: usd };

/** Bodies, and whether they are accepted; the schema has to be of the same opinion. */
const bodies: [operationId: string, body: unknown, accepted: boolean][] = [
  ['createOrder', { amount: usd }, true],
  ['createOrder', { amount: usd, description: '' }, true],
  ['createOrder', { amount: { ...usd, amountMinor: '0' } }, false],
  ['createOrder', { amount: { ...usd, amountMinor: '1000000000000' } }, true],
  ['createOrder', { amount: { ...usd, amountMinor: '1000000000001' } }, false],
  ['createOrder', { amount: { ...usd, amountMinor: '01' } }, false],
  ['createOrder', { amount: { ...usd, amountMinor: 1 } }, false],
  ['createOrder', { amount: { ...usd, currencyCode: 'usd' } }, false],
  ['createOrder', { amount: { ...usd, currencyCode: '' } }, false],
  ['createOrder', { amount: { currencyCode: 'USD' } }, false],
  ['createOrder', { amount: { amountMinor: '1' } }, false],
  ['createOrder', { amount: usd, description: '😀'.repeat(500) }, true],
  ['createOrder', { amount: usd, description: 'x'.repeat(501) }, false],
  ['createOrder', { amount: usd, description: 'a\0b' }, false],
  ['createOrder', { amount: usd, description: null }, false],
  ['createOrder', { amount: usd, state: 'PAID' }, false],
  ['createOrder', { lines: [line] }, true],
  ['createOrder', { lines: [{ ...line, quantity: 0 }] }, false],
  ['createOrder', { lines: [{ ...line, quantity: 10_001 }] }, false],
  ['createOrder', { lines: [{ ...line, quantity: '1' }] }, false],
  ['createOrder', { lines: [{ ...line, quantity: 1.5 }] }, false],
  ['createOrder', { lines: [{ ...line, title: '' }] }, false],
  ['createOrder', { lines: [{ ...line, attributes: { any: [1, null] } }] }, true],
  ['createOrder', { lines: [{ ...line, attributes: [] }] }, false],
  ['createOrder', { lines: [{ ...line, amount: usd }] }, false],
  ['createOrder', { lines: Array.from({ length: 101 }, () => line) }, false],
  ['createOrder', [], false],
  ['createAccount', { currencyCode: 'EUR' }, true],
  ['createAccount', {}, false],
  ['topUpAccount', {}, false],
  ['cancelOrder', {}, true],
  ['shipOrder', { shipment: { carrier: 'A', trackingCode: '' } }, false],
];

test('the schemas of bodies accept and refuse what the gateway and the services do', () => {
  for (const [operationId, body, accepted] of bodies) {
    const operation = apiOperation(operationId);
    const route = routeOf(operation) as Route;
    const violations: FieldViolation[] = [];
    const message = route.read({ ...inputOf(operation), body }, violations);
    const faults = [...violations, ...route.method.validate(message)];
    const shown = `${operationId} ${JSON.stringify(body).slice(0, 200)}`;
    assert.is(faults.length === 0, accepted, `read: ${shown}`);
    const schema = operation.requestBody?.content[json]?.schema;
    assert.is(schemaFaults(schema, body).length === 0, accepted, `schema: ${shown}`);
  }
});

/** The member of a line that may hold any JSON object. */
const freeJson = 'attributes';

const strangers = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  '',
  'x',
  '0',
  '-1',
  '1'.repeat(30),
  'USD',
  'a\0b',
  '😀'.repeat(101),
  '😀'.repeat(501),
  [],
  [null],
  {},
  { a: 1 },
];

/**
 * The value with every part of it in turn replaced, taken away, or given an unknown member. What is
 * in free JSON no schema says: NUL, depth and size are told in words.
 */
function* variantsOf(value: any, isFree = false): Generator<unknown> {
  yield* isFree ? [null, 1.5, 'x', {}] : strangers;
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield { ...value, surprise: 1 };
  for (const [name, member] of Object.entries(value)) {
    const put = (replaced: unknown) =>
      Array.isArray(value) ? value.with(Number(name), replaced) : { ...value, [name]: replaced };
    for (const variant of variantsOf(member, isFree || name === freeJson)) yield put(variant);
    if (!Array.isArray(value)) {
      const { [name]: _taken, ...rest } = value;
      yield rest;
    }
  }
}

for (const operation of apiOperations) {
  const schema = operation.requestBody?.content[json]?.schema;
  if (schema === undefined) continue;

  test(`whatever becomes of the body of ${operation.operationId}, schema and gateway agree`, () => {
    const route = routeOf(operation) as Route;
    const input = inputOf(operation);
    const isValid = schemaCheck(schema);
    const outcomes = new Set<boolean>();
    for (const body of [input.body, ...variantsOf(input.body)]) {
      const violations: FieldViolation[] = [];
      const message = route.read({ ...input, body }, violations);
      const accepted = violations.length === 0 && route.method.validate(message).length === 0;
      assert.is(isValid(body), accepted, JSON.stringify(body));
      outcomes.add(accepted);
    }
    assert.is(outcomes.size, 2);
  });
}

test('every error has an example, which is what the gateway would send', () => {
  for (const { operationId, responses } of apiOperations) {
    for (const [status, { content }] of Object.entries(responses)) {
      const media = content['application/problem+json'];
      if (media === undefined) continue;
      const { reason } = follow(media.schema).properties;
      assert.ok(reason, `${operationId} ${status}`);
      const named = (media.schema as any).properties.reason.enum as string[];
      assert.equal(Object.keys(media.examples ?? {}), named);
      for (const example of Object.values(media.examples ?? {})) {
        const { value } = follow(example);
        assert.equal(schemaFaults(media.schema, value), []);
        assert.equal(value, sentProblem(value));
      }
    }
  }
});

/** The problem of the same reason, made by the gateway's own mapper. */
function sentProblem(example: any): unknown {
  const { reason, metadata, violations, requestId, instance, status } = example;
  assert.not.match(example.detail, /\{|\b\w+_\w+\b/, 'a placeholder is left');
  const error = new PurserError(reason as Reason, metadata, { violations } as never);
  return JSON.parse(toProblem(error, { id: requestId, path: instance }, status).body);
}

test('answers of the gateway are as described: the good ones, and each kind of error', async () => {
  const create = apiOperation('createOrder');
  const body = JSON.stringify(inputOf(create).body);
  const created = { method: 'POST', headers: asAliceWithJson, body };
  assert.equal(await answerFaults(create, await gateway.ask('/v1/orders', created)), []);
  const wrong: [status: number, change: object][] = [
    [400, { body: '{' }],
    [400, { body: '{}x' }],
    [400, { body: JSON.stringify({ amount: 1, x: 2 }) }],
    [401, { headers: {} }],
    [413, { body: `"${'x'.repeat(200_000)}"` }],
    [415, { headers: { ...asAliceWithJson, 'content-type': 'text/plain' } }],
  ];
  for (const [status, change] of wrong) {
    const answer = await gateway.ask('/v1/orders', { ...created, ...change });
    assert.is(answer.status, status);
    assert.equal(await answerFaults(create, answer), []);
  }
  const refusals: [status: number, error: PurserError][] = [
    [409, new PurserError('IDEMPOTENCY_KEY_REUSED', { request_id: 'k' })],
    [429, new PurserError('RATE_LIMITED', {}, { retryDelayMs: 20 })],
    [500, new PurserError('INTERNAL')],
    [503, new PurserError('OVERLOADED', {}, { retryDelayMs: 2_500 })],
    [504, new PurserError('DEADLINE_EXCEEDED')],
  ];
  for (const [status, error] of refusals) {
    services.onCall = () => Promise.reject(error);
    const answer = await gateway.ask('/v1/orders', created);
    assert.is(answer.status, status);
    assert.equal(await answerFaults(create, answer), []);
  }
});

test('the probes answer as described', async () => {
  for (const operationId of ['checkAlive', 'checkReady']) {
    const operation = apiOperation(operationId);
    const answer = await gateway.ask(operation.path, { headers: {} });
    assert.equal(await answerFaults(operation, answer), []);
  }
});

test('the document names no address, and has the version of the package', async () => {
  const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } });
  assert.is(apiDocument.info.version, packageJson.version);
  assert.equal(apiDocument.servers, [{ url: '/' }]);
  assert.not.match(JSON.stringify(apiDocument), /https?:\/\//);
});

test.run();
