import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { compile } from '../fixture.ts';
import type { Outcome } from '../fixture.ts';

const test = suite('events of contracts');

/** A file of events that uses each kind of field. */
const good = `
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "purser/api/v1/annotations.proto";

// A part was made,
// at last.
message PartMade {
  option (purser.api.v1.event) = {
    subject: "purser.v1.good.part_made"
    consumers: ["first", "second"]
    example: '{"title": "bolt"}'
  };
  // What it is called.
  string title = 1;
  bool is_new = 2;
  int32 shift = 3;
  uint32 weight = 4;
  int64 serial = 5;
  uint64 big_serial = 6;
  bytes content = 7;
  Size size = 8;
  google.protobuf.Timestamp make_time = 9;
  google.protobuf.Duration run_time = 10;
  repeated string tags = 11;
  // What it is made of.
  repeated Part parts = 12;
  optional string note = 13;
  google.protobuf.Struct more = 14;
  message Part {
    Part inner = 1;
  }
}
enum Size {
  SIZE_UNSPECIFIED = 0;
  LARGE = 5;
}`;

const event = (options: string, fields = '') => `
  import "purser/api/v1/annotations.proto";
  message Made { option (purser.api.v1.event) = { ${options} }; ${fields} }`;

const mistakes: [name: string, contract: string, message: RegExp][] = [
  ['an event without its option', 'message Made {}', /Made: every message of a file events\.proto/],
  ['no subject', event(''), /Made: its subject must be purser\.v1\.case1\.<event>/],
  [
    'a subject in another stream',
    event('subject: "purser.v1.orders.made"'),
    /Made: its subject mu/,
  ],
  ['a subject with more parts', event('subject: "purser.v1.case3.made.*"'), /Made: its subject mu/],
  [
    'one subject twice',
    `${event('subject: "purser.v1.case4.made"')}
    message Again { option (purser.api.v1.event) = { subject: "purser.v1.case4.made" }; }`,
    /Again: message purser\.case4\.v1\.Made has the same subject purser\.v1\.case4\.made/,
  ],
  [
    'a consumer that is no name',
    event('subject: "purser.v1.case5.made", consumers: "Orders!"'),
    /Made: its consumer "Orders!" is not the name of a service/,
  ],
  [
    'an example that is no JSON',
    event('subject: "purser.v1.case6.made", example: "{"'),
    /Made: its example is no JSON object/,
  ],
  [
    'an example of another message',
    event(`subject: "purser.v1.case7.made", example: '{"a": 1}'`),
    /Made: its example is none: .*"a" is unknown/,
  ],
  [
    'a field without a JSON form',
    event('subject: "purser.v1.case8.made"', 'double a = 1;'),
    /Made\.a: the type double is not supported/,
  ],
];

const path = (index: number) => `purser/case${index}/v1/events.proto`;
const syntax = (name: string) => `syntax = "proto3"; package purser.${name}.v1;`;

let generate: (...paths: string[]) => Outcome;

test.before(async () => {
  const contracts = mistakes.map(([, contract], index) => [
    path(index),
    `${syntax(`case${index}`)} ${contract}`,
  ]);
  generate = await compile({
    ...Object.fromEntries(contracts),
    'purser/good/v1/events.proto': `${syntax('good')} ${good}`,
    'purser/plain/v1/plain.proto': `${syntax('plain')} message Plain {}`,
    'purser/stray/v1/stray.proto': `${syntax('stray')} ${event('subject: "purser.v1.stray.a"')}`,
    'purser/foreign/v1/events.proto': `syntax = "proto3"; package other.v1;
      ${event('subject: "purser.v1.other.a"')}`,
  });
});

function generated(...paths: string[]): Map<string, string> {
  const outcome = generate(...paths);
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome.files;
}

function errorOf(...paths: string[]): string {
  const outcome = generate(...paths);
  return 'error' in outcome ? outcome.error : '';
}

for (const [index, [name, , message]] of mistakes.entries()) {
  test(`is refused: ${name}`, () => {
    assert.match(errorOf(path(index)), message);
  });
}

test('is refused: an event in a file of another name', () => {
  assert.match(errorOf('purser/stray/v1/stray.proto'), /Made: every message of a file events\.pro/);
});

test('is refused: an event of a package of another name', () => {
  assert.match(errorOf('purser/foreign/v1/events.proto'), /package must be purser\.<domain>\.v<nu/);
});

test('the table has the subject, the filter and the codec of an event', () => {
  const table = generated('purser/good/v1/events.proto').get('events.ts') ?? '';
  assert.match(table, "'purser.good.v1.PartMade': {");
  assert.match(table, "subject: 'purser.v1.good.part_made',");
  assert.match(table, "filterSubject: 'purser.v1.good.part_made.*',");
  assert.match(table, "consumers: ['first', 'second'],");
  assert.match(table, "import { PartMade } from './purser/good/v1/events.ts';");
});

test('contracts without events have no table of them', () => {
  assert.is(generated('purser/plain/v1/plain.proto').has('events.ts'), false);
});

test('the document has every kind of field, as proto3 writes it in JSON', () => {
  const text = generated('purser/good/v1/events.proto').get('asyncapi.json') ?? '';
  const { components, operations } = JSON.parse(text);
  const { description, properties } = components.schemas['purser.good.v1.PartMade'];
  assert.is(description, 'A part was made, at last.');
  const types = Object.entries(properties as Record<string, Record<string, unknown>>).map(
    ([name, { type, format = '', $ref: _, ...rest }]) => {
      const target = (rest['allOf'] as { $ref: string }[] | undefined)?.[0]?.$ref ?? '';
      return `${name} ${rest['x-field-number']} ${type ?? target} ${format}`.trim();
    },
  );
  assert.equal(types, [
    'title 1 string',
    'isNew 2 boolean',
    'shift 3 integer int32',
    'weight 4 integer',
    'serial 5 string',
    'bigSerial 6 string',
    'content 7 string',
    'size 8 #/components/schemas/purser.good.v1.Size',
    'makeTime 9 string date-time',
    'runTime 10 string',
    'tags 11 array',
    'parts 12 array',
    'note 13 string',
    'more 14 object',
  ]);
  const part = '#/components/schemas/purser.good.v1.PartMade.Part';
  assert.equal(properties.parts.items, { $ref: part });
  assert.equal(components.schemas['purser.good.v1.Size'].enum, ['SIZE_UNSPECIFIED', 'LARGE']);
  assert.equal(Object.keys(operations), [
    'good.send.PartMade',
    'first.receive.PartMade',
    'second.receive.PartMade',
  ]);
});

test('the payload is the message as proto text', () => {
  const text = generated('purser/good/v1/events.proto').get('asyncapi.json') ?? '';
  const { payload } = JSON.parse(text).components.messages['purser.good.v1.PartMade'];
  assert.is(payload.schemaFormat, 'application/vnd.google.protobuf;version=3');
  for (const line of [
    '// A part was made, at last.\nmessage PartMade {\n',
    '  // What it is called.\n  string title = 1;\n',
    '  google.protobuf.Timestamp make_time = 9;\n',
    '  // What it is made of.\n  repeated purser.good.v1.PartMade.Part parts = 12;\n',
    '  optional string note = 13;\n  google.protobuf.Struct more = 14;\n}\n',
  ]) {
    assert.ok((payload.schema as string).includes(line), line);
  }
});

test('the example is the option’s, and made up where that says nothing', () => {
  const text = generated('purser/good/v1/events.proto').get('asyncapi.json') ?? '';
  const { examples } = JSON.parse(text).components.messages['purser.good.v1.PartMade'];
  const { title, size, serial, tags } = examples[0].payload;
  assert.equal([title, size, serial, tags], ['bolt', 'LARGE', '2', ['text']]);
  assert.is(examples[0].headers['ce-source'], 'purser/good');
});

test.run();
