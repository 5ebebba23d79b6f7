import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { FieldViolation, Method, Route, RouteInput, Stream } from '#lib/contract/types.ts';
import { suite } from '#test/harness/suite.ts';
import { createFixture } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import { sampleContract, samplePath } from './sample.ts';

const test = suite('round trip');

let fixture: Fixture;
let routes: Route[];

test.before(async () => {
  fixture = await createFixture({ [samplePath]: sampleContract });
  const { ok, output } = await fixture.generate();
  assert.ok(ok, output);
  ({ routes } = await fixture.load<{ routes: Route[] }>('routes.ts'));
});

test.after(() => fixture.remove());

function routeOf(name: string): Route & { method: Method } {
  const route = routes.find(({ method }) => method.name === name);
  assert.ok(route, name);
  return route as Route;
}

const emptyInput: RouteInput = {
  params: {},
  query: {},
  body: undefined,
  idempotencyKey: undefined,
  ifMatch: undefined,
};

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
const time = fc.date({
  min: new Date('0001-01-01T00:00:00.000Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array({ maxLength: 20 });
const size = fc.constantFrom(0, 1, 5);
const duration = fc
  .tuple(fc.bigInt({ min: 0n, max: 315_575_999_999n }), fc.nat(999_999_999), fc.boolean())
  .map(([seconds, nanos, isNegative]) =>
    isNegative ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos },
  );
// A decoded message has the prototype of every object.
const plain = { noNullPrototype: true };
const money = fc.record({ currencyCode: text, amountMinor: int64 }, plain);
function partOf(parts: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const price = fc.option(money, { nil: undefined });
  return fc.record({ title: text, parts: fc.array(parts, { maxLength: 2 }), price }, plain);
}
const leaf = fc.record({ title: text, parts: fc.constant([]), price: money }, plain);
const part = partOf(partOf(leaf));
const struct = fc
  .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), plain)
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
const members = {
  title: text,
  isNew: fc.boolean(),
  count: int32,
  shift1: int32,
  weight: fc.nat(2 ** 32 - 1),
  serial: int64,
  bigSerial: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  content: bytes,
  size,
  makeTime: fc.option(time, { nil: undefined }),
  runTime: fc.option(duration, { nil: undefined }),
  part: fc.option(part, { nil: undefined }),
  parts: fc.array(part, { maxLength: 2 }),
  tags: fc.array(text),
  serials: fc.array(int64),
  sizes: fc.array(size),
  note: fc.option(text, { nil: undefined }),
  rank: fc.option(int32, { nil: undefined }),
  fallbackSize: fc.option(size, { nil: undefined }),
  blobs: fc.array(bytes),
  times: fc.array(time),
  constructor: text,
  extra: fc.option(struct, { nil: undefined }),
};
const sample = fc.record(members, plain);

test('a message that is written and read is the same', () => {
  const { write, read } = routeOf('EchoSample');
  const property = fc.property(sample, (message) => {
    const violations: FieldViolation[] = [];
    const request = read({ ...emptyInput, body: JSON.parse(write(message)) }, violations);
    assert.equal(violations, []);
    assert.equal(request, { sample: message });
  });
  fc.assert(property, { numRuns: 300 });
});

test('a message that goes through protobuf is written the same', () => {
  const { method, write } = routeOf('EchoSample');
  const property = fc.property(sample, (message) => {
    const wire = method.definition.requestSerialize({ sample: message });
    const decoded = method.definition.requestDeserialize(wire);
    assert.is(write(decoded.sample), write(message));
  });
  fc.assert(property, { numRuns: 100 });
});

test('a stream is read and written like any message', async () => {
  const { streams } = await fixture.load<{ streams: Record<string, Stream> }>('streams.ts');
  const stream = streams['/purser.samples.v1.SampleService/WatchSamples']!;
  assert.is(stream.domain, 'samples');
  const violations: FieldViolation[] = [];
  assert.equal(stream.read({ filter: 'x' }, violations), { filter: 'x' });
  stream.read({ filtre: 'x' }, violations);
  assert.equal(violations, [{ field: 'filtre', description: 'is not known' }]);
  assert.is(stream.validate({ filter: 'x'.repeat(9) }).length, 1);
  const message = stream.definition.responseDeserialize(Buffer.alloc(0));
  assert.is(stream.write(message), routeOf('EchoSample').write(message));
  assert.is(stream.definition.responseStream, true);
});

test('a query parameter is read like a member, from text', () => {
  const { read } = routeOf('ListSamples');
  const query = {
    pageSize: '7',
    pageToken: 'x y',
    isNew: 'true',
    weight: '4294967295',
    serial: '-9223372036854775808',
    size: 'LARGE',
    makeTime: '2026-01-02T03:04:05.678+01:00',
    tags: ['a', 'b'],
    note: '',
  };
  const violations: FieldViolation[] = [];
  assert.equal(read({ ...emptyInput, query }, violations), {
    pageSize: 7,
    pageToken: 'x y',
    isNew: true,
    weight: 4294967295,
    serial: -9223372036854775808n,
    size: 5,
    makeTime: new Date('2026-01-02T02:04:05.678Z'),
    tags: ['a', 'b'],
    note: '',
  });
  assert.equal(violations, []);
});

const badQueries: [query: Record<string, string | string[]>, field: string, words: RegExp][] = [
  [{ pageSize: '' }, 'pageSize', /must be an integer from -2147483648 to 2147483647/],
  [{ pageSize: '1.0' }, 'pageSize', /must be an integer/],
  [{ pageSize: '+1' }, 'pageSize', /must be an integer/],
  [{ pageSize: ' 1' }, 'pageSize', /must be an integer/],
  [{ pageSize: '0x1' }, 'pageSize', /must be an integer/],
  [{ pageSize: '01' }, 'pageSize', /must be an integer/],
  [{ pageSize: '2147483648' }, 'pageSize', /must be an integer/],
  [{ pageSize: ['1', '2'] }, 'pageSize', /must not be repeated/],
  [{ page_size: '1' }, 'page_size', /is not known; it is spelled pageSize/],
  [{ isNew: 'yes' }, 'isNew', /must be true or false/],
  [{ weight: '-1' }, 'weight', /must be an integer from 0/],
  [{ serial: '9223372036854775808' }, 'serial', /must be a string that holds an integer/],
  [{ size: 'large' }, 'size', /must be one of SMALL, LARGE/],
  [{ size: '5' }, 'size', /must be one of/],
  [{ makeTime: '2026-01-02' }, 'makeTime', /must be a time in RFC 3339/],
  [{ tags: ['a', '\ud800'] }, 'tags[1]', /must be well-formed Unicode/],
  [{ requestId: 'x' }, 'requestId', /send the header Idempotency-Key/],
  [{ __proto__x: '1' }, '__proto__x', /is not known/],
];

for (const [query, field, words] of badQueries) {
  test(`the query ${JSON.stringify(query)} is refused`, () => {
    const violations: FieldViolation[] = [];
    routeOf('ListSamples').read({ ...emptyInput, query }, violations);
    assert.is(violations.length, 1, JSON.stringify(violations));
    assert.is(violations[0]?.field, field);
    assert.match(violations[0]?.description ?? '', words);
  });
}

test('names of resources are put together from the path', () => {
  const { read } = routeOf('RenamePart');
  const params = { sample: 'a', thePart: 'b c' };
  const body = { title: 'x', serial: '1' };
  const violations: FieldViolation[] = [];
  const headers = { idempotencyKey: 'k', ifMatch: '"v3"' };
  assert.equal(read({ ...emptyInput, ...headers, params, body }, violations), {
    name: 'samples/a/parts/b c',
    title: 'x',
    serial: 1n,
    requestId: 'k',
    etag: 'v3',
  });
  assert.equal(violations, []);
});

for (const value of ['', 'a/b', '/', 'a\ud800']) {
  test(`the segment ${JSON.stringify(value)} is refused`, () => {
    const violations: FieldViolation[] = [];
    const params = { sample: 'a', thePart: value };
    const body = { title: 'x', serial: '1' };
    routeOf('RenamePart').read({ ...emptyInput, params, body }, violations);
    assert.equal(
      violations.map(({ field }) => field),
      ['thePart'],
    );
  });
}

test('fields that the path or a header holds are not known in the body', () => {
  const violations: FieldViolation[] = [];
  const params = { sample: 'a', thePart: 'b' };
  const body = { title: 'x', serial: '1', name: 'samples/a/parts/b', requestId: 'k', etag: 'v3' };
  routeOf('RenamePart').read({ ...emptyInput, params, body }, violations);
  assert.equal(violations, [
    { field: 'name', description: 'is not known' },
    { field: 'requestId', description: 'is not known; send the header Idempotency-Key instead' },
    { field: 'etag', description: 'is not known; send the header If-Match instead' },
  ]);
});

test('a condition on a call without a body is a header too, and no query parameter', () => {
  const { read } = routeOf('DeletePart');
  const input = { ...emptyInput, params: { name: 'a' } };
  assert.equal(read({ ...input, ifMatch: 'v3' }, []), { name: 'samples/a', etag: 'v3' });
  const violations: FieldViolation[] = [];
  assert.equal(read({ ...input, query: { etag: 'v3' } }, violations), {
    name: 'samples/a',
    etag: '',
  });
  assert.equal(violations, [
    { field: 'etag', description: 'is not known; send the header If-Match instead' },
  ]);
});

test('an etag that the contract forbids is told of by the name of its header', () => {
  const params = { sample: 'a', thePart: 'b' };
  const { jsonPath, method, read } = routeOf('RenamePart');
  const body = { title: 'x', serial: '1' };
  const request = read({ ...emptyInput, params, body, ifMatch: '"123456789"' }, []);
  assert.equal(
    method.validate(request).map(({ field }) => jsonPath(field)),
    ['If-Match'],
  );
});

test('the etag of a call that changes nothing is a parameter like any other', () => {
  const input = { ...emptyInput, params: { requestId: 'k' }, ifMatch: '"v1"' };
  const { jsonPath, read } = routeOf('GetOutcome');
  assert.equal(read(input, []), { requestId: 'k', etag: '' });
  assert.equal(read({ ...input, query: { etag: 'v2' } }, []), { requestId: 'k', etag: 'v2' });
  assert.is(jsonPath('etag'), 'etag');
});

test('a key in the path is no header', () => {
  const { read, jsonPath } = routeOf('RetryRequest');
  const input = { ...emptyInput, params: { requestId: 'k' }, idempotencyKey: 'other' };
  assert.equal(read(input, []), { requestId: 'k' });
  assert.is(jsonPath('request_id'), 'requestId');
});

test('a missing body is told of by the members that it lacks', () => {
  const violations: FieldViolation[] = [];
  routeOf('RenamePart').read({ ...emptyInput, params: { sample: 'a', thePart: 'b' } }, violations);
  assert.equal(violations, [
    { field: 'serial', description: 'is required' },
    { field: 'title', description: 'is required' },
  ]);
});

test('an empty response is an empty object', () => {
  assert.is(routeOf('DeletePart').write({}), '{}');
});

test('a list response tells of an empty token', () => {
  assert.is(
    routeOf('ListSamples').write({ samples: [], nextPageToken: '', etag: [] }),
    '{"samples":[],"nextPageToken":"","etag":[]}',
  );
});

test('an enum value that is newer than the generated code is written as a number', () => {
  const resource = { name: '', title: '', isNew: false, version: 0, size: 77, tags: [], etag: '' };
  assert.is(
    routeOf('CreateResource').write(resource),
    '{"isNew":false,"version":0,"size":77,"tags":[]}',
  );
});

test.run();
