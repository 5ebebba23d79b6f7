// What the generator makes of contracts for the OpenAPI document, and what it refuses.
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { compile } from '../fixture.ts';
import type { Outcome } from '../fixture.ts';
import { sampleContract, samplePath } from '../sample.ts';

const test = suite('OpenAPI of made-up contracts');

const imports = `
  import "google/api/annotations.proto";
  import "google/api/field_behavior.proto";
  import "google/api/resource.proto";
  import "google/protobuf/struct.proto";
  import "google/protobuf/timestamp.proto";
  import "purser/api/v1/annotations.proto";`;

const catalogue = (more = ', metadata_examples: "wheel"') => `
  enum ErrorReason {
    NONE = 0;
    // The toy is broken.
    BROKEN = 1 [(purser.api.v1.error) = {
      code: FAILED_PRECONDITION, message: "It broke at {place}.", metadata: "place" ${more},
      cause: "A fall.", action: "Glue it."}];
    // Try later.
    BUSY = 2 [(purser.api.v1.error) = {code: UNAVAILABLE, message: "Busy.", retryable: true,
      cause: "A crowd.", action: "Wait."}];
  }`;

interface Toy {
  /** Fields of the request beyond its name. */
  fields?: string;
  serviceComment?: string;
  rpcComment?: string;
  reasons?: string;
}

function toy({ fields = '', serviceComment = '', rpcComment = '', reasons }: Toy): string {
  return `${imports} ${reasons ?? catalogue()}
    // ${serviceComment}
    service ToyService {
      // ${rpcComment}
      rpc MakeToy(MakeToyRequest) returns (Toy) {
        option (google.api.http) = {post: "/v1/{name=toys/*}:make", body: "*"};
      }
    }
    message MakeToyRequest {
      string name = 1 [(google.api.resource_reference).type = "purser/Toy",
        (purser.api.v1.limits).max_length = 20];
      ${fields}
    }
    message Toy {
      option (google.api.resource) = {type: "purser/Toy", pattern: "toys/{toy}"};
      string name = 1 [(google.api.field_behavior) = IDENTIFIER,
        (purser.api.v1.example) = "toys/car"];
      Part part = 2;
    }
    message Part {
      // How large it is.
      int64 size = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
    }`;
}

const example = (field: string, value: string, more = '') =>
  toy({
    rpcComment: 'Errors: BROKEN.',
    fields: `${field} = 2 [(purser.api.v1.example) = '${value}'${more}];`,
  });
const limited = (field: string, value: string, limits: string) =>
  example(field, value, `, (purser.api.v1.limits) = {${limits}}`);

const mistakes: [name: string, contract: string, message: RegExp][] = [
  [
    'an unknown reason',
    toy({ rpcComment: 'Makes. Errors: BROKEN, WRONG.' }),
    /MakeToy: the error W/,
  ],
  [
    'one of the service',
    toy({ serviceComment: 'Errors of every call: NO.' }),
    /"Errors of .* no r/,
  ],
  [
    'one of all calls',
    toy({ serviceComment: 'Errors of every call: GONE.' }),
    /the error GONE that/,
  ],
  ['no reason at all', toy({ rpcComment: 'Makes a toy.' }), /MakeToy: neither its comment nor its/],
  ['words for a reason', toy({ rpcComment: 'Errors: when it breaks.' }), /names no reason/],
  [
    'an example too few',
    toy({ rpcComment: 'Errors: BUSY.', reasons: catalogue(', metadata_examples: ["a", "b"]') }),
    /BROKEN: it has not one of metadata_examples for each key/,
  ],
  ['text for a number', example('int32 a', 'x'), /\.a: its example is not valid JSON: x/],
  ['a fraction', example('int32 a', '1.5'), /\.a: its example: a must be an integer/],
  ['a number too large', limited('int64 a', '11', 'max: 10'), /its example: a must be from its l/],
  [
    'a number too small',
    limited('uint32 a', '1', 'min: 2'),
    /its example: a must be from 2 to its/,
  ],
  ['text too long', limited('string a', 'abcd', 'max_length: 3'), /a must have at most 3 char/],
  ['text unlike its pattern', limited('string a', 'b', 'pattern: "^a$"'), /a must match the patt/],
  [
    'too many elements',
    limited('repeated int32 a', '[1, 2]', 'max_items: 1'),
    /at most 1 elements/,
  ],
  ['one where a list belongs', example('repeated int32 a', '1'), /a must be an array/],
  [
    'a time without zone',
    example('google.protobuf.Timestamp a', '2026-01-01T00:00:00'),
    /a must be/,
  ],
  [
    'free JSON too large',
    limited('google.protobuf.Struct a', '{"a":1}', 'max_bytes: 6'),
    /6 bytes/,
  ],
  ['an unknown member', example('Part a', '{"colour":"red"}'), /a\.colour is not known/],
  [
    'an amount out of bounds',
    `import "purser/type/v1/money.proto"; ${limited(
      'purser.type.v1.Money a',
      '{"currencyCode":"USD","amountMinor":"11"}',
      'max: 10',
    )}`,
    /a\.amountMinor must be from/,
  ],
];

const path = (index: number) => `purser/case${index}/v1/case.proto`;
const goodPath = 'purser/good/v1/good.proto';
const good = toy({
  serviceComment: 'Toys for `x_y`. Errors of every call: BUSY.',
  rpcComment: 'Makes a toy. It takes the `make_time` into account. Errors: BROKEN, also when late.',
  fields: `
    // What it is called.
    string title = 2 [(google.api.field_behavior) = REQUIRED, (purser.api.v1.example) = "Car",
      (purser.api.v1.limits) = {max_length: 9}];
    google.protobuf.Timestamp make_time = 3 [(purser.api.v1.example) = "2026-01-01T00:00:00Z"];
    string code = 4 [(purser.api.v1.limits) = {pattern: "^[a-z]$"}];
    repeated Size sizes = 5 [(purser.api.v1.limits) = {max_items: 2}];
    google.protobuf.Struct more = 6;
    int64 weight = 7 [(purser.api.v1.limits) = {min: 1, max: 99}];
    Part part = 8 [(purser.api.v1.example) = ""];
    // By \`make_time\`.
    string filter = 9;`,
}).concat(`
  // How large.
  enum Size {
    ANY = 0;
    // Not small.
    LARGE = 1;
  }`);

let generate: (...paths: string[]) => Outcome;

test.before(async () => {
  const contracts = mistakes.map(([, contract], index) => [
    path(index),
    `syntax = "proto3"; package purser.case${index}.v1; ${contract}`,
  ]);
  generate = await compile({
    ...Object.fromEntries(contracts),
    [goodPath]: `syntax = "proto3"; package purser.good.v1; ${good}`,
    [samplePath]: sampleContract,
  });
});

for (const [index, [name, , message]] of mistakes.entries()) {
  test(`refused: ${name}`, () => {
    const outcome = generate(path(index));
    assert.match('error' in outcome ? outcome.error : 'not refused', message);
  });
}

// oxlint-disable-next-line typescript/no-explicit-any
function documentOf(source: string): any {
  const outcome = generate(source);
  if ('error' in outcome) throw new Error(outcome.error);
  return JSON.parse(outcome.files.get('openapi.json') ?? '');
}

test('an RPC becomes an operation, its comment summary and description', () => {
  const { paths, tags } = documentOf(goodPath);
  const { post } = paths['/v1/toys/{toy}:make'];
  assert.is(post.operationId, 'makeToy');
  assert.is(post.summary, 'Makes a toy');
  assert.is(
    post.description,
    'It takes the `makeTime` into account. Errors: BROKEN, also when late.',
  );
  assert.equal(post.tags, ['Toy']);
  assert.equal(tags[0], { name: 'Toy', description: 'Toys for `xY`.' });
});

test('fields have their JSON names in texts, but in the language of filters their own', () => {
  const { properties } = documentOf(goodPath).components.schemas.MakeToyBody;
  assert.is(properties.filter.description, 'By `make_time`.');
});

test('a part of a resource name has what its name leaves, and the example of its resource', () => {
  const [parameter] = documentOf(goodPath).paths['/v1/toys/{toy}:make'].post.parameters;
  assert.equal(parameter.schema, {
    type: 'string',
    minLength: 1,
    maxLength: 15,
    pattern: '^[^/\\u0000]+$',
  });
  assert.is(parameter.example, 'car');
});

test('limits become a closed schema, and examples a body', () => {
  const { paths, components } = documentOf(goodPath);
  const { content, required } = paths['/v1/toys/{toy}:make'].post.requestBody;
  assert.is(required, true);
  assert.equal(content['application/json'].example, {
    title: 'Car',
    makeTime: '2026-01-01T00:00:00Z',
  });
  const { properties, ...schema } = components.schemas.MakeToyBody;
  assert.equal(schema, { type: 'object', required: ['title'], additionalProperties: false });
  assert.equal(properties.title, {
    type: 'string',
    minLength: 1,
    maxLength: 9,
    pattern: '^[^\\u0000]*$',
    description: 'What it is called.',
    examples: ['Car'],
  });
  assert.equal(properties.code.anyOf, [{ maxLength: 0 }, { pattern: '^[a-z]$' }]);
  assert.equal(properties.sizes, {
    type: 'array',
    items: { $ref: '#/components/schemas/Size' },
    maxItems: 2,
  });
  assert.equal(properties.more, { type: 'object', additionalProperties: true });
  assert.is(properties.weight.pattern, '^(?:[1-9][0-9]{0,1})$');
  assert.equal(components.schemas.Size.enum, ['LARGE']);
  assert.is(components.schemas.Size.description, 'How large.\n\n- `LARGE`: Not small.');
});

test('a message is closed in a request and open in an answer', () => {
  const {
    Part: output,
    PartInput: input,
    Toy: toyOutput,
  } = documentOf(goodPath).components.schemas;
  assert.equal(input, { type: 'object', properties: {}, additionalProperties: false });
  assert.equal([output.required, toyOutput.required], [['size'], ['name']]);
  assert.equal(output.properties.size, {
    type: 'string',
    format: 'int64',
    description: 'How large it is.',
    readOnly: true,
  });
  assert.not.ok('additionalProperties' in output);
});

test('errors are told by status, each with its example', () => {
  const { paths, components } = documentOf(goodPath);
  const { responses } = paths['/v1/toys/{toy}:make'].post;
  assert.equal(Object.keys(responses), ['200', '400', '503']);
  const busy = components.responses.BUSY;
  assert.ok(busy.headers['Retry-After']);
  const broken = components.responses.BROKEN;
  assert.not.ok(broken.headers['Retry-After']);
  assert.is(broken.description, '- `BROKEN`: The toy is broken.');
  assert.is(components.examples.BROKEN.value.detail, 'It broke at wheel.');
});

test('everything that the generator supports has a schema', () => {
  const { paths, components } = documentOf(samplePath);
  assert.ok(paths['/v1/samples/{sample}/parts/{thePart}:rename'].put);
  assert.equal(Object.keys(paths['/v1/requests/{requestId}'].get.responses), ['200']);
  for (const schema of Object.values<{ properties?: object }>(components.schemas)) {
    for (const property of Object.values(schema.properties ?? {})) {
      assert.ok('type' in property || '$ref' in property || 'anyOf' in property);
    }
  }
});

test.run();
