import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { rootDirectory, runProgram } from '../../gen/run-buf.ts';
import type { Level, Row } from './change.ts';
import { report } from './report.ts';
import { readHead } from './side.ts';
import { table } from './table.ts';

const test = suite('what a change of the contracts does');

let directory: string;

/** A repository with our contracts, and the documents made from them, in one commit. */
test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'purser-report-'));
  for (const name of ['proto', 'buf.yaml']) {
    await cp(join(rootDirectory, name), join(directory, name), { recursive: true });
  }
  // An example that spells an order out would stand in the way of every change to its fields.
  await edit(orderService, [[/orders = 1 \[[^\]]*(?:\][^;]*)*?\];/, 'orders = 1;']]);
  await symlink(join(rootDirectory, 'node_modules'), join(directory, 'node_modules'));
  const { asyncapi, openapi } = await readHead(directory, join(directory, 'image.binpb'));
  await mkdir(join(directory, 'gen'));
  for (const [name, document] of Object.entries({ asyncapi, openapi })) {
    if (document !== undefined) {
      await writeFile(join(directory, `gen/${name}.json`), JSON.stringify(document));
    }
  }
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', 'proto', 'buf.yaml', 'gen');
  await git('commit', '--quiet', '--message', 'The base');
});

test.before.each(() => git('checkout', '--quiet', '--', 'proto', 'gen'));

test.after(() => rm(directory, { recursive: true, force: true }));

async function git(...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  const { ok, output } = await runProgram('git', [...identity, ...args], directory);
  assert.ok(ok, output);
}

const order = 'orders/v1/order.proto';
const orderService = 'orders/v1/order_service.proto';
const accountService = 'payments/v1/account_service.proto';
const reason = 'errors/v1/error_reason.proto';
const ordersEvents = 'orders/v1/events.proto';
const paymentsEvents = 'payments/v1/events.proto';

/** Replaces text in a contract; every pair has to be found. */
async function edit(file: string, pairs: readonly (readonly [string | RegExp, string])[]) {
  const path = join(directory, 'proto/purser', file);
  let text = await readFile(path, 'utf8');
  for (const [from, to] of pairs) {
    const changed = text.replace(from, to);
    assert.is.not(changed, text, `${file} has no ${String(from)}`);
    text = changed;
  }
  await writeFile(path, text);
}

/** Commits the change, and takes it back in the working tree alone. */
async function editBase(...change: Parameters<typeof edit>): Promise<void> {
  await edit(...change);
  await git('commit', '--quiet', '--all', '--message', 'Another base');
  await git('checkout', '--quiet', 'HEAD^', '--', 'proto');
}

async function rowsOf(): Promise<Row[]> {
  const found = await report({ root: directory, against: 'HEAD' });
  assert.ok('rows' in found);
  return found.rows;
}

const etagField = / {2}\/\/ Changes whenever.*\n {2}string etag = 8 \[[\s\S]*?\];\n/;
const newReason = `  // The shop is closed.
  SHOP_CLOSED = 999 [(purser.api.v1.error) = {
    code: UNAVAILABLE
    message: "The shop is closed."
    cause: "It is night."
    action: "Come back in the morning."
  }];
}`;

/** What the change is, how it is made, what it does to each aspect, and a line of the report. */
type Case = [
  name: string,
  file: string,
  pairs: readonly (readonly [string | RegExp, string])[],
  effects: Record<string, Level>,
  line: RegExp,
];

const all = (level: Level) => ({
  'wire (protobuf)': level,
  JSON: level,
  'generated source': level,
});

const cases: Case[] = [
  [
    'a comment changed',
    order,
    [['// What the order is for,', '// What it is for,']],
    { 'generated source': 'patch', SDK: 'patch' },
    /~ comment of field purser\.orders\.v1\.Order\.description changed/,
  ],
  [
    'a field removed',
    order,
    [[etagField, '']],
    { ...all('major'), SDK: 'major' },
    /! field purser\.orders\.v1\.Order\.etag removed/,
  ],
  [
    'a field removed, its number and name reserved',
    order,
    [[etagField, '  reserved 8;\n  reserved "etag";\n']],
    { 'generated source': 'major', SDK: 'major' },
    /! Previously present field "8" with name "etag" on message "Order" was deleted/,
  ],
  [
    'a field with another number',
    order,
    [['string etag = 8 ', 'string etag = 888 ']],
    { ...all('major'), SDK: 'major' },
    /! field purser\.orders\.v1\.Order\.etag was string = 8, is string = 888/,
  ],
  [
    'a field renamed',
    order,
    [['string description = 6 ', 'string purpose = 6 ']],
    { JSON: 'major', 'generated source': 'major', SDK: 'major' },
    /! Field "6" on message "Order" changed name from "description" to "purpose"/,
  ],
  [
    'a field of another type',
    order,
    [['int64 version = 7', 'string version = 7']],
    { ...all('major'), SDK: 'major' },
    /! field purser\.orders\.v1\.Order\.version was int64 = 7, is string = 7/,
  ],
  [
    'a limit narrowed',
    order,
    [['max_length: 500', 'max_length: 400']],
    { validation: 'major', SDK: 'major' },
    /! purser\.orders\.v1\.Order\.description: maxLength was 500, is 400/,
  ],
  [
    'a limit widened',
    order,
    [['max_length: 500', 'max_length: 600']],
    { validation: 'minor', SDK: 'minor' },
    /\+ purser\.orders\.v1\.Order\.description: maxLength was 500, is 600/,
  ],
  [
    'a limit more',
    order,
    [['max_length: 500', 'min_length: 2, max_length: 500']],
    { validation: 'major', SDK: 'major' },
    /! purser\.orders\.v1\.Order\.description: minLength was none, is 2/,
  ],
  [
    'a pattern changed',
    'type/v1/money.proto',
    [['pattern: "^[A-Z]{3}$"', 'pattern: "^[A-Z]{3,4}$"']],
    { validation: 'major', SDK: 'major' },
    /! purser\.type\.v1\.Money\.currency_code: pattern was \^\[A-Z\]\{3\}\$, is /,
  ],
  [
    'a field required no more',
    'type/v1/money.proto',
    [[/(int64 amount_minor = 2 \[[^;]*?)REQUIRED/, '$1OPTIONAL']],
    { validation: 'minor', SDK: 'major' },
    /! field purser\.type\.v1\.Money\.amount_minor may be missing from an answer/,
  ],
  [
    'a route changed',
    accountService,
    [['"/v1/account/entries"', '"/v1/account/lines"']],
    { 'REST routes': 'major', SDK: 'major' },
    /! GET \/v1\/account\/entries removed/,
  ],
  [
    'an optional field added',
    accountService,
    [['message GetAccountRequest {', 'message GetAccountRequest {\n// A word.\nstring word = 99;']],
    { ...all('minor'), 'REST routes': 'minor', SDK: 'minor' },
    /\+ GET \/v1\/account: query parameter word added/,
  ],
  [
    'a required field added',
    accountService,
    [
      [
        'message TopUpAccountRequest {',
        `message TopUpAccountRequest {
        // A word.
        string word = 99 [(google.api.field_behavior) = REQUIRED];`,
      ],
    ],
    { ...all('minor'), validation: 'major', SDK: 'major' },
    /! purser\.payments\.v1\.TopUpAccountRequest\.word: new, and required/,
  ],
  [
    'a reason added',
    reason,
    [[/\n\}\n$/, `\n${newReason}\n`]],
    { ...all('minor'), 'error reasons': 'minor', SDK: 'minor' },
    /\+ SHOP_CLOSED added/,
  ],
  [
    'a reason with another status',
    reason,
    [['http_status: 405', 'http_status: 404']],
    { 'error reasons': 'major', SDK: 'major' },
    /! METHOD_NOT_ALLOWED: HTTP status was 405, is 404/,
  ],
  [
    'a reason that may not be retried',
    reason,
    [['retryable: true', 'retryable: false']],
    { 'error reasons': 'major', SDK: 'major' },
    /! OVERLOADED: not retryable/,
  ],
  [
    'a sentence of a reason changed',
    reason,
    [['message: "The caller cancelled the call."', 'message: "The call was cancelled."']],
    { 'error reasons': 'patch', SDK: 'patch' },
    /~ CANCELLED: message changed/,
  ],
  [
    'an event under another subject',
    ordersEvents,
    [['subject: "purser.v1.orders.payment_requested"', 'subject: "purser.v1.orders.wanted"']],
    { events: 'major' },
    /! subject purser\.v1\.orders\.payment_requested removed/,
  ],
  [
    'a field of an event added',
    paymentsEvents,
    [['message PaymentVoided {', 'message PaymentVoided {\n// A word.\nstring word = 99;']],
    { ...all('minor'), events: 'minor' },
    /\+ purser\.payments\.v1\.PaymentVoided word: added/,
  ],
  [
    'a field of an event removed',
    paymentsEvents,
    [[/ {2}\/\/ When it was booked\.\n.*capture_time = 5;\n/, '']],
    { ...all('major'), events: 'major' },
    /! purser\.payments\.v1\.PaymentCaptured captureTime: removed/,
  ],
  [
    'one more service that acts on an event',
    ordersEvents,
    [['consumers: "payments"', 'consumers: ["payments", "reports"]']],
    { events: 'patch' },
    /~ reports\.receive\.PaymentRequested added/,
  ],
];

test('nothing, when nothing changed', async () => {
  for (const { aspect, level, changes } of await rowsOf()) {
    assert.equal([aspect, level, changes], [aspect, 'none', []]);
  }
});

async function check(effects: Record<string, Level>, line: RegExp): Promise<void> {
  const rows = await rowsOf();
  const found = rows.filter(({ level, aspect }) => level !== 'none' && aspect !== 'OpenAPI');
  const levels = Object.fromEntries(found.map(({ aspect, level }) => [aspect, level]));
  assert.equal(levels, effects);
  assert.match(table({ commit: 'HEAD', rows }), line);
}

for (const [name, file, pairs, effects, line] of cases) {
  test(name, async () => {
    await edit(file, pairs);
    await check(effects, line);
  });
}

test('an RPC added', async () => {
  await editBase(accountService, [[/ {2}\/\/ The caller's statement[\s\S]*?\n {2}\}\n/, '']]);
  try {
    const effects: Record<string, Level> = {
      ...all('minor'),
      'REST routes': 'minor',
      SDK: 'minor',
    };
    await check(effects, /\+ GET \/v1\/account\/entries added/);
  } finally {
    await git('reset', '--quiet', '--hard', 'HEAD^');
  }
});

test('a base without documents is compared all the same', async () => {
  await git('rm', '--quiet', '--cached', '-r', 'gen');
  await git('commit', '--quiet', '--message', 'Without documents');
  try {
    const events = (await rowsOf()).find(({ aspect }) => aspect === 'events');
    assert.is(events?.note, 'the base has no gen/asyncapi.json');
    assert.match(table({ commit: 'HEAD', rows: [events as Row] }), /^events {2}not compared$/m);
  } finally {
    await git('reset', '--quiet', '--hard', 'HEAD^');
  }
});

test('a commit that does not exist is told', async () => {
  const error = await report({ root: directory, against: 'nowhere' }).catch((thrown) => thrown);
  assert.is(error.message, 'There is no commit nowhere.');
});

test('contracts that the generator refuses are told in its words', async () => {
  await edit(accountService, [['"/v1/account/entries"', '"/v1/account"']]);
  const error = await report({ root: directory, against: 'HEAD' }).catch((thrown) => thrown);
  assert.match(error.message, /ListEntries: .*GetAccount has the same route GET \/v1\/account/);
});

test('without a base there is nothing to compare with', async () => {
  assert.equal(await report({ root: directory }), {
    reason: 'The history has no earlier commit to compare the contracts with.',
  });
});

test.run();
