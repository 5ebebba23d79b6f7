import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Method, Route, RouteInput } from '#lib/contract/types.ts';
import { suite } from '#test/harness/suite.ts';
import { createFixture } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import { runProgram } from './run-buf.ts';
import { sampleContract, samplePath } from './sample.ts';

const test = suite('generator');

let fixture: Fixture;
let methods: Record<string, Method>;
let routes: Route[];

const emptyInput: RouteInput = {
  params: {},
  query: {},
  body: undefined,
  idempotencyKey: undefined,
  ifMatch: undefined,
};

test.before(async () => {
  fixture = await createFixture({ [samplePath]: sampleContract });
  const { ok, output } = await fixture.generate();
  assert.ok(ok, output);
  ({ methods } = await fixture.load<{ methods: typeof methods }>('methods.ts'));
  ({ routes } = await fixture.load<{ routes: Route[] }>('routes.ts'));
});

test.after(() => fixture.remove());

test('what it makes passes the type checker', async () => {
  const { compilerOptions } = JSON.parse(await readFile('tsconfig.json', 'utf8'));
  const config = JSON.stringify({ compilerOptions, include: ['gen'] });
  await writeFile(join(fixture.directory, 'tsconfig.json'), config);
  const { ok, output } = await runProgram('tsc', ['-p', '.'], fixture.directory);
  assert.ok(ok, output);
});

test('every RPC is a method', () => {
  const service = '/purser.samples.v1.SampleService/';
  const flags = Object.entries(methods).map(([path, method]) => {
    assert.is(path, `${service}${method.name}`);
    const kinds = (['readOnly', 'idempotent', 'keyed'] as const).filter((kind) => method[kind]);
    return [method.name, method.domain, ...kinds].join(' ');
  });
  assert.equal(flags, [
    'EchoSample samples',
    'CreateResource samples keyed',
    'RenamePart samples keyed',
    'ListSamples samples readOnly idempotent',
    'DeletePart samples idempotent',
    'GetOutcome samples readOnly idempotent',
    'RetryRequest samples',
    'CountSamples samples',
  ]);
});

test('a method has the definition of its RPC', () => {
  const { definition } = methods['/purser.samples.v1.SampleService/DeletePart'] as Method;
  const bytes = definition.requestSerialize({ name: 'samples/1', etag: 'v1' });
  assert.equal(definition.requestDeserialize(bytes), { name: 'samples/1', etag: 'v1' });
});

test('every RPC with an http rule is a route', () => {
  const rows = routes.map(
    ({ httpMethod, path, status, hasBody, conditional }) =>
      `${httpMethod} ${path} ${status}${hasBody ? ' with body' : ''}${conditional ? ', if' : ''}`,
  );
  assert.equal(rows, [
    'POST /v1/samples 200 with body',
    'POST /v1/resources 201 with body',
    'PUT /v1/samples/{sample}/parts/{thePart}:rename 200 with body, if',
    'GET /v1/samples 200',
    'DELETE /v1/samples/{name}/part 200, if',
    'GET /v1/requests/{requestId} 200',
    'POST /v1/requests/{requestId}:retry 200',
  ]);
});

test('only a response with an etag of its own has one', () => {
  const tags = routes.map(({ method, etag }) => `${method.name} ${etag({ etag: 'v1' })}`.trim());
  assert.equal(tags, [
    'EchoSample',
    'CreateResource v1',
    'RenamePart v1',
    'ListSamples',
    'DeletePart',
    'GetOutcome v1',
    'RetryRequest',
  ]);
});

test('a field that is in no request has no reader', async () => {
  const text = await fixture.read('purser/samples/v1/sample.json.ts');
  assert.not.match(text, 'function readListSamplesResponse');
  assert.not.match(text, 'function writeListSamplesRequest');
});

test('a new RPC needs no other edit', async () => {
  const added = `
    service ToyService { rpc GetToy(GetToyRequest) returns (Toy) {
      option (google.api.http) = {get: "/v1/toys/{name}"}; } }
    message GetToyRequest { string name = 1 [(google.api.field_behavior) = REQUIRED]; }
    message Toy { string name = 1; Size size = 2; optional string etag = 3; }`;
  const larger = await createFixture({ [samplePath]: `${sampleContract}${added}` });
  try {
    assert.ok((await larger.generate()).ok);
    const all = await larger.load<{ methods: Record<string, Method> }>('methods.ts');
    const method = all.methods['/purser.samples.v1.ToyService/GetToy'];
    const required = [{ field: 'name', description: 'is required' }];
    assert.equal(method?.validate({ name: '' }), required);
    const table = await larger.load<{ routes: Route[] }>('routes.ts');
    const route = table.routes.find(({ path }) => path === '/v1/toys/{name}');
    assert.equal(route?.read({ ...emptyInput, params: { name: 'x' } }, []), { name: 'x' });
    assert.is(route?.write({ name: 'x', size: 5 }), '{"name":"x","size":"LARGE"}');
    assert.is(route?.etag({ name: 'x', size: 5 }), '');
    assert.is(route?.etag({ name: 'x', size: 5, etag: 'v1' }), 'v1');
  } finally {
    await larger.remove();
  }
});

test('a mistake in a contract fails the run of buf, in the words of the plugin', async () => {
  const wrong = sampleContract.replace('int32 count = 3', 'double count = 3');
  const broken = await createFixture({ [samplePath]: wrong });
  try {
    const { ok, output } = await broken.generate();
    assert.not.ok(ok);
    assert.match(output, /purser-gen: field purser\.samples\.v1\.Sample\.count: the type double/);
  } finally {
    await broken.remove();
  }
});

test('two packages may have messages of one name', async () => {
  const second = `syntax = "proto3"; package purser.others.v1;
    import "google/api/annotations.proto";
    import "purser/samples/v1/sample.proto";
    service OtherService {
      rpc EchoSample(EchoSampleRequest) returns (Sample) {
        option (google.api.http) = {post: "/v1/others", body: "sample"};
      }
    }
    message EchoSampleRequest { Sample sample = 1; }
    message Sample { purser.samples.v1.Sample sample = 1; }`;
  const files = { [samplePath]: sampleContract, 'purser/others/v1/other.proto': second };
  const both = await createFixture(files);
  try {
    assert.ok((await both.generate()).ok);
    const table = await both.load<{ routes: Route[] }>('routes.ts');
    const route = table.routes.find(({ path }) => path === '/v1/others');
    const input = { ...emptyInput, body: { sample: { title: 'abc' } } };
    const message = route?.read(input, []) as { sample: { sample: { title: string } } };
    assert.is(message.sample.sample.title, 'abc');
    assert.match(route?.write(message.sample) ?? '', /^\{"sample":\{"title":"abc",/);
  } finally {
    await both.remove();
  }
});

test.run();
