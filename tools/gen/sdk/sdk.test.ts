import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Caller } from '../../../sdk/src/caller.ts';
import type { Answer, Try } from '../../../sdk/src/operation.ts';
import { compile, createFixture } from '../fixture.ts';
import type { Fixture } from '../fixture.ts';
import { runProgram } from '../run-buf.ts';
import { sampleContract, samplePath } from '../sample.ts';

const test = suite('generated SDK');

/** Says all that the SDK's rules look at. */
const toys = `
  // Toys, all of them.
  service ToyService {
    // One toy. Found by \`toy_name\`, or a \`request_id\`.
    rpc GetToy(GetToyRequest) returns (Toy) {
      option idempotency_level = NO_SIDE_EFFECTS;
      option (google.api.http) = {get: "/v1/{name=toys/*}"};
    }
    rpc ListToys(ListToysRequest) returns (ListToysResponse) {
      option idempotency_level = NO_SIDE_EFFECTS;
      option (google.api.http) = {get: "/v1/toys"};
    }
    rpc ListToyParts(ListToysRequest) returns (ListToysResponse) {
      option (google.api.http) = {get: "/v1/toyParts"};
    }
    rpc CreateToy(CreateToyRequest) returns (Toy) {
      option (google.api.http) = {post: "/v1/toys", body: "toy"};
    }
    rpc WindUpToy(WindUpToyRequest) returns (google.protobuf.Empty) {
      option idempotency_level = IDEMPOTENT;
      option (google.api.http) = {post: "/v1/{name=toys/*}:windUp", body: "*"};
    }
    rpc HideToy(GetToyRequest) returns (Toy);
  }
  message GetToyRequest { string name = 1 [(google.api.resource_reference).type = "purser/Toy"]; }
  message ListToysRequest { int32 page_size = 1; string page_token = 2; Size size = 3; }
  message ListToysResponse { repeated Toy toys = 1; string next_page_token = 2; }
  message CreateToyRequest {
    Toy toy = 1 [(google.api.field_behavior) = REQUIRED];
    string request_id = 2;
    bool dry_run = 3;
  }
  message WindUpToyRequest {
    string name = 1 [(google.api.resource_reference).type = "purser/Toy"];
    int64 turns = 2 [(google.api.field_behavior) = REQUIRED];
    string etag = 3;
  }
  // A toy. */
  message Toy {
    option (google.api.resource) = {type: "purser/Toy", pattern: "toys/{toy}", plural: "toys"};
    string name = 1 [(google.api.field_behavior) = IDENTIFIER];
    // What \`toy_name\` says.
    Size size = 2 [(google.api.field_behavior) = REQUIRED];
    Size last_size = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
    int64 serial = 4 [(google.api.field_behavior) = OUTPUT_ONLY];
    google.protobuf.Timestamp make_time = 5 [
      (google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];
    optional int32 rank = 6;
    purser.type.v1.Money price = 7 [(google.api.field_behavior) = NON_EMPTY_DEFAULT];
  }`;

let fixture: Fixture;
let types: string;
let clients: string;

test.before(async () => {
  fixture = await createFixture({ [samplePath]: sampleContract + toys });
  const { ok, output } = await fixture.generate();
  assert.ok(ok, output);
  types = await fixture.read('sdk/types.ts');
  clients = await fixture.read('sdk/clients.ts');
});

test.after(() => fixture.remove());

interface Toys {
  toys: {
    get(name: string): Promise<object>;
    list(options?: object): AsyncIterable<{ name: string }>;
    listParts: unknown;
    create(toy: object, options?: object): Promise<{ serial: bigint; makeTime: Date }>;
    windUp(name: string, options: object): Promise<void>;
    hide: undefined;
  };
}

/** The generated clients over a transport that remembers what it was to send. */
async function load(answer: (request: Try) => unknown): Promise<{ all: Toys; sent: Try[] }> {
  type Module = { Clients: new (caller: Caller) => Toys };
  const { Clients } = await fixture.load<Module>('sdk/clients.ts');
  const sent: Try[] = [];
  const send = async (request: Try): Promise<Answer> => {
    sent.push(request);
    return { json: answer(request) };
  };
  return { all: new Clients(new Caller({ send }, { userId: 'ann' })), sent };
}

test('it passes the type checker, under the rules of browsers too', async () => {
  const { compilerOptions } = JSON.parse(await readFile('tsconfig.json', 'utf8'));
  const forBrowsers = { ...compilerOptions, lib: ['es2022', 'dom', 'dom.asynciterable'] };
  const config = { compilerOptions: { ...forBrowsers, types: [] }, include: ['gen/sdk'] };
  await writeFile(join(fixture.directory, 'tsconfig.json'), JSON.stringify(config));
  const { ok, output } = await runProgram('tsc', ['-p', '.'], fixture.directory);
  assert.ok(ok, output);
});

test('a new RPC is a method without another edit, by the rule for names', async () => {
  const { all, sent } = await load(({ operation }) =>
    operation.path.endsWith('toys') && operation.method === 'GET'
      ? { toys: [{ name: 'toys/1' }], nextPageToken: '' }
      : { name: 'toys/1', serial: '7', makeTime: '2026-01-31T12:00:00Z' },
  );
  assert.equal(await all.toys.create({ size: 'LARGE' }, { dryRun: true, idempotencyKey: 'k' }), {
    name: 'toys/1',
    size: 'UNSPECIFIED',
    serial: 7n,
    makeTime: new Date('2026-01-31T12:00:00Z'),
  });
  await all.toys.windUp('toys/1', { turns: 3n, etag: 'v1' });
  for await (const { name } of all.toys.list({ size: 'SMALL' })) assert.is(name, 'toys/1');
  const rows = sent.map(({ operation, params, query, body, idempotencyKey, ifMatch }) =>
    JSON.stringify([operation.path, params, query, body, idempotencyKey, ifMatch]),
  );
  assert.equal(rows, [
    '["/v1/toys",{},{"dryRun":"true"},"{\\"size\\":\\"LARGE\\"}","k",null]',
    '["/v1/toys/{toy}:windUp",{"toy":"1"},{},"{\\"turns\\":\\"3\\"}",null,"v1"]',
    '["/v1/toys",{},{"size":"SMALL"},null,null,null]',
  ]);
  assert.type(all.toys.listParts, 'function');
  assert.is(all.toys.hide, undefined);
});

test('what it may repeat follows from the contract', async () => {
  const { all, sent } = await load(() => ({}));
  await all.toys.get('toys/1');
  await all.toys.create({ size: 'LARGE' });
  await all.toys.windUp('toys/1', { turns: 1n });
  const flags = sent.map(({ operation: { idempotent, keyed } }) => [idempotent, keyed]);
  assert.equal(flags, [
    [true, undefined],
    [undefined, true],
    [true, undefined],
  ]);
});

test('comments become JSDoc in the words of the SDK', () => {
  assert.match(clients, '/** Toys, all of them. */\nexport class ToyClient {');
  assert.match(clients, '/** One toy. Found by `toyName`, or an `idempotencyKey`. */');
  assert.match(types, '/** A toy. *\\/ */\nexport interface Toy {');
  assert.match(types, '  /** What `toyName` says. */\n  size: Size;');
});

test('what an answer always has cannot be undefined; what a caller may leave out can', () => {
  const members = (name: string) => {
    const text = types.split(`export interface ${name} {\n`)[1]?.split('\n}')[0] ?? '';
    return text.split('\n').flatMap((line) => /^ {2}(\w+\??: .*);$/.exec(line)?.[1] ?? []);
  };
  assert.equal(members('Toy'), [
    'name: string',
    'size: Size',
    'lastSize?: Size | undefined',
    'serial: bigint',
    'makeTime: Date',
    'rank?: number | undefined',
    'price: Money',
  ]);
  assert.equal(members('ToyInput'), [
    'size: Size',
    'rank?: number | undefined',
    'price?: Money | undefined',
  ]);
  assert.match(types, "export type Size =\n  | 'SMALL'\n  | 'LARGE'\n  | (string & {});");
  assert.not.match(types, 'MoneyInput');
  assert.match(clients, 'windUp(name: string, options: WindUpToyOptions): Promise<void>');
});

const refused: [what: string, contract: string, message: RegExp][] = [
  [
    'a field named like an option of calls',
    toys.replace('bool dry_run', 'bool signal'),
    /CreateToyRequest\.signal: the SDK has another use for the name signal/,
  ],
  [
    'two methods of one name',
    toys.replace('ListToyParts', 'ListToy'),
    /rpc .*ListToy: in the SDK the method toys\.list exists twice/,
  ],
];

for (const [what, contract, message] of refused) {
  test(`${what} is refused`, async () => {
    const run = await compile({ [samplePath]: sampleContract + contract });
    const outcome = run(samplePath);
    assert.ok('error' in outcome, 'not refused');
    assert.match(outcome.error, message);
  });
}

test('two packages may have types and RPCs of one name, but not services', async () => {
  const second = `syntax = "proto3"; package purser.others.v1;
    import "google/api/annotations.proto";
    service PartService {
      rpc EchoSample(EchoSampleRequest) returns (Sample) {
        option (google.api.http) = {post: "/v1/others/{other}", body: "sample"};
      }
    }
    message EchoSampleRequest { Sample sample = 1; string other = 2; }
    message Sample { string title = 1; }`;
  const other = 'purser/others/v1/other.proto';
  const run = await compile({ [samplePath]: sampleContract, [other]: second });
  const outcome = run(samplePath, other);
  assert.ok('files' in outcome);
  const text = outcome.files.get('sdk/types.ts') ?? '';
  assert.match(text, 'export interface OthersSample {');
  assert.match(text, 'export interface SamplesSample {');
  assert.match(outcome.files.get('sdk/clients.ts') ?? '', 'interface OthersEchoSampleOptions');
  const same = { [samplePath]: sampleContract, [other]: second.replace('PartS', 'SampleS') };
  const refusal = (await compile(same))(samplePath, other);
  assert.ok('error' in refusal && /the property samples exists twice/.test(refusal.error));
});

test.run();
