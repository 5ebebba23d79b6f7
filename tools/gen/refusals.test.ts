import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { compile } from './fixture.ts';
import type { Outcome } from './fixture.ts';

const test = suite('what the generator refuses');

const imports = `
  import "google/api/annotations.proto";
  import "google/api/field_behavior.proto";
  import "google/api/resource.proto";
  import "google/protobuf/any.proto";
  import "google/protobuf/field_mask.proto";
  import "google/protobuf/struct.proto";
  import "google/protobuf/wrappers.proto";
  import "purser/api/v1/annotations.proto";
  message Thing { string name = 1; }
`;

/** A contract with an RPC of this request and http rule. */
function rpc(fields: string, rule: string, more = ''): string {
  return `${imports}
    message GetThingRequest { ${fields} }
    service ThingService {
      rpc GetThing(GetThingRequest) returns (Thing) { option (google.api.http) = { ${rule} }; }
      ${more}
    }`;
}

const query = (fields: string) => rpc(fields, 'get: "/v1/things"');
const body = (fields: string) => rpc(fields, 'post: "/v1/things", body: "*"');
const limits = (type: string, options: string) =>
  body(`${type} a = 1 [(purser.api.v1.limits) = {${options}}];`);
const reason = (options: string) =>
  `${imports} enum ErrorReason { NONE = 0; A = 1 [(purser.api.v1.error) = {${options}}]; }`;
const explained = (options: string) => `${imports} enum ErrorReason { NONE = 0;
  // Why it is so.
  A = 1 [(purser.api.v1.error) = {code: INTERNAL, message: "x", ${options}}]; }`;

const doubleResponse = `rpc GetD(GetThingRequest) returns (D) {
  option (google.api.http) = { get: "/v1/d" };
}`;
const sameRoute = `rpc GetB(GetThingRequest) returns (Thing) {
  option (google.api.http) = { get: "/v1/{b}" };
}`;
const foreignPattern = `message R {
  option (google.api.resource) = {type: "t/R", pattern: "y/{y}"};
}`;
const identified = `X x = 1;
  message X { string name = 1 [(google.api.field_behavior) = IDENTIFIER]; }`;

const mistakes: [name: string, contract: string, message: RegExp][] = [
  ['a map', query('map<string, string> a = 1;'), /GetThingRequest\.a: the type map is not supp/],
  ['a oneof', query('oneof x { string a = 1; string b = 2; }'), /\.a: oneof is not supported/],
  ['a double', query('double a = 1;'), /\.a: the type double is not supported/],
  ['floats', query('repeated float a = 1;'), /\.a: the type float is not supported/],
  ['a Value', body('google.protobuf.Value a = 1;'), /google\.protobuf\.Value is not supported/],
  ['a Struct in the query', query('google.protobuf.Struct a = 1;'), /cannot be a query parameter/],
  [
    'a Struct as the body',
    rpc('google.protobuf.Struct a = 1;', 'post: "/v1/a", body: "a"'),
    /only a message can/,
  ],
  ['an Any', body('google.protobuf.Any a = 1;'), /google\.protobuf\.Any is not supported/],
  ['a wrapper', body('google.protobuf.BoolValue a = 1;'), /google\.protobuf\.BoolValue is not/],
  ['a mask', body('google.protobuf.FieldMask a = 1;'), /google\.protobuf\.FieldMask is not/],
  ['a map deeper', body('X a = 1; message X { map<string, X> b = 1; }'), /X\.b: the type map is/],
  [
    'a double in a response',
    `${rpc('', 'get: "/v1/a"', doubleResponse)} message D { double d = 1; }`,
    /D\.d: the type double is not supported/,
  ],
  ['another JSON name', body('string a = 1 [json_name = "z"];'), /json_name "z" is not supported/],
  ['a name in camelCase', body('string aB = 1;'), /the name is not in lower_snake_case/],
  ['a message in the query', query('Thing a = 1;'), /\.a: a message cannot be a query parameter/],

  ['a length of a number', limits('int32', 'max_length: 3'), /limit max_length does not fit its/],
  ['a length of bytes', limits('bytes', 'min_length: 3'), /limit min_length does not fit its/],
  ['bytes of a string', limits('string', 'max_bytes: 3'), /limit max_bytes does not fit its/],
  ['a pattern of a number', limits('int64', 'pattern: "x"'), /limit pattern does not fit its/],
  ['a minimum of a string', limits('string', 'min: 3'), /limit min does not fit its type/],
  ['a maximum of a bool', limits('bool', 'max: 1'), /limit max does not fit its type/],
  ['a minimum of a message', limits('Thing', 'min: 3'), /limit min does not fit its type/],
  ['a count of one', limits('string', 'max_items: 3'), /limit max_items does not fit its type/],
  [
    'lengths that exclude all',
    limits('string', 'min_length: 3, max_length: 2'),
    /min_length is greater than max_length/,
  ],
  ['bounds that exclude all', limits('int32', 'min: 3, max: 2'), /no value is within min and max/],
  ['a maximum too large', limits('int32', 'max: 2147483648'), /is out of its type's range/],
  ['a minimum too small', limits('uint32', 'min: -1'), /is out of its type's range/],
  ['a broken pattern', limits('string', 'pattern: "("'), /pattern \( is no regular expression/],

  [
    'limits that nothing checks',
    'import "purser/api/v1/annotations.proto";' +
      'message M { string a = 1 [(purser.api.v1.limits).max_length = 3]; }',
    /M\.a: its limits are never checked, for no request has it/,
  ],
  [
    'limits of what the server sets',
    body(`string a = 1 [
    (google.api.field_behavior) = OUTPUT_ONLY, (purser.api.v1.limits).max_length = 3
  ];`),
    /\.a: its limits are never checked/,
  ],

  [
    'more bindings',
    rpc('', 'get: "/v1/a", additional_bindings { get: "/v1/b" }'),
    /GetThing: additional_bindings are not supported/,
  ],
  [
    'another method',
    rpc('', 'custom { kind: "HEAD", path: "/v1/a" }'),
    /the http pattern "custom" is not supported/,
  ],
  [
    'a response body',
    rpc('', 'get: "/v1/a", response_body: "name"'),
    /response_body is not supported/,
  ],
  ['a GET with a body', rpc('', 'get: "/v1/a", body: "*"'), /a GET has no body/],
  ['an unknown body', rpc('', 'post: "/v1/a", body: "x"'), /names "x", no field of message/],
  [
    'a string as body',
    rpc('string a = 1;', 'post: "/v1/a", body: "a"'),
    /\.a: only a message can be the body/,
  ],
  [
    'a list as body',
    rpc('repeated Thing a = 1;', 'post: "/v1/a", body: "a"'),
    /\.a: only a message can be the body/,
  ],
  ['an unknown variable', rpc('', 'get: "/v1/{x}"'), /names "x", no field of message/],
  ['a nested variable', rpc('Thing a = 1;', 'get: "/v1/{a.name}"'), /names "a\.name", no field/],
  [
    'a number in the path',
    rpc('int32 a = 1;', 'get: "/v1/{a}"'),
    /\.a: only a string can be in the path/,
  ],
  ['**', rpc('string a = 1;', 'get: "/v1/{a=things/**}"'), /"\*\*" in the path is not supported/],
  ['a bare *', rpc('', 'get: "/v1/*"'), /"\*" in the path is not supported/],
  ['a slash at the end', rpc('', 'get: "/v1/"'), /the path "\/v1\/" is not supported/],
  [
    'several * without names',
    rpc('string a = 1;', 'get: "/v1/{a=x/*/y/*}"'),
    /several "\*" need a google\.api\.resource_reference/,
  ],
  [
    'a pattern unlike its resource',
    `${rpc(
      'string a = 1 [(google.api.resource_reference).type = "t/R"];',
      'get: "/v1/{a=x/*}"',
    )} ${foreignPattern}`,
    /no pattern of its resource fits "x\/\*"/,
  ],
  ['one parameter twice', rpc('string a = 1;', 'get: "/v1/{a}/{a}"'), /would have one name/],
  [
    'one route twice',
    rpc('string a = 1; string b = 2;', 'get: "/v1/{a}"', sameRoute),
    /GetB: rpc .*GetThing has the same route GET \/v1\/\{b\}/,
  ],

  [
    'a stream of requests',
    rpc('', 'get: "/v1/a"', 'rpc Watch(stream Thing) returns (Thing);'),
    /Watch: a stream of requests is not supported/,
  ],
  [
    'a stream over REST',
    rpc(
      '',
      'get: "/v1/a"',
      `rpc Watch(Thing) returns (stream Thing) {
      option (google.api.http) = {get: "/v1/watch"};
    }`,
    ),
    /Watch: a stream of responses has no REST form/,
  ],
  ['a key that is a number', body('int32 request_id = 1;'), /key must be a plain string/],
  ['a list of etags', body('repeated string etag = 1;'), /the etag must be a plain string/],
  ['an etag or none', body('optional string etag = 1;'), /the etag must be a plain string/],
  [
    'an identifier to change',
    rpc(identified, 'patch: "/v1/a", body: "x"'),
    /GetThing: field .*X\.name is an IDENTIFIER, which only a Create method may take/,
  ],

  ['a reason without option', 'enum ErrorReason { NONE = 0; A = 1; }', /A: every value but the on/],
  [
    'an option of no reason',
    `${imports} enum ErrorReason {
    NONE = 0 [(purser.api.v1.error) = {code: INTERNAL, message: "x"}]; }`,
    /NONE: every value but/,
  ],
  ['the code OK', reason('code: OK, message: "x"'), /its code or http_status is none of an error/],
  [
    'a successful HTTP status',
    reason('code: INTERNAL, message: "x", http_status: 200'),
    /its code or http_status is none of an error/,
  ],
  ['no message', reason('code: INTERNAL'), /it has no message/],
  [
    'a message of a missing key',
    reason('code: INTERNAL, message: "{x}", metadata: "y"'),
    /its message names \{x\}, which is not in its metadata/,
  ],
  [
    'a key in camelCase',
    reason('code: INTERNAL, message: "x", metadata: "aB"'),
    /the metadata key "aB" is not in lower_snake_case/,
  ],
  [
    'too few examples of metadata',
    reason('code: INTERNAL, message: "x", metadata: ["a", "b"], metadata_examples: "1"'),
    /A: it has not one of metadata_examples for each key/,
  ],
  [
    'metadata without an example',
    explained('cause: "y", action: "z", metadata: "a"'),
    /A: its metadata a has no example in metadata_examples/,
  ],
  [
    'a reason without a comment',
    reason('code: INTERNAL, message: "x"'),
    /A: it has no comment, wh/,
  ],
  ['a reason without a cause', explained('action: "z"'), /A: it has no cause, which the page/],
  ['a reason without an action', explained('cause: "y"'), /A: it has no action, which the page/],
];

const path = (index: number) => `purser/case${index}/v1/case.proto`;

let generate: (...paths: string[]) => Outcome;

test.before(async () => {
  const contracts = mistakes.map(([, contract], index) => [
    path(index),
    `syntax = "proto3"; package purser.case${index}.v1; ${contract}`,
  ]);
  generate = await compile({
    ...Object.fromEntries(contracts),
    'purser/foreign.proto': 'syntax = "proto3"; package other.v1; service OtherService {}',
    'purser/old.proto': `syntax = "proto2"; package purser.old.v1;
      message Old { optional string a = 1; }
      service OldService { rpc GetOld(Old) returns (Old); }`,
    'purser/again/v1/reason.proto': `syntax = "proto3"; package purser.again.v1;
      ${reason('code: INTERNAL, message: "x"')}`,
    'purser/again/v2/reason.proto': `syntax = "proto3"; package purser.again.v2;
      ${reason('code: ABORTED, message: "x"')}`,
  });
});

function errorOf(...paths: string[]): string {
  const outcome = generate(...paths);
  return 'error' in outcome ? outcome.error : '';
}

for (const [index, [name, , message]] of mistakes.entries()) {
  test(name, () => {
    assert.match(errorOf(path(index)), message);
  });
}

test('a package of another name', () => {
  assert.match(errorOf('purser/foreign.proto'), /package must be purser\.<domain>\.v<number>/);
});

test('proto2', () => {
  assert.match(errorOf('purser/old.proto'), /only syntax "proto3" is supported/);
});

test('a reason of two catalogues', () => {
  const files = ['purser/again/v1/reason.proto', 'purser/again/v2/reason.proto'];
  assert.match(errorOf(...files), /A: the reason exists twice/);
});

test.run();
