import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { rootDirectory, runProgram } from '../../gen/run-buf.ts';
import { highest, reaches, row } from './change.ts';
import type { Level } from './change.ts';
import { table } from './table.ts';

const test = suite('npm run contract');

const main = (...args: string[]) =>
  runProgram('node', [join(import.meta.dirname, 'main.ts'), ...args], rootDirectory);

test('compares this working tree, for people and for programs', async () => {
  const text = await main();
  assert.ok(text.ok, text.output);
  const json = await main('--json');
  assert.ok(json.ok, json.output);
  const found = JSON.parse(json.stdout);
  // Without a git history there is only a reason.
  assert.ok(found.reason !== undefined || found.rows.length === 9);
});

test('refuses what it does not know, and says what it does', async () => {
  for (const args of [['--fail-on', 'soon'], ['--fail-on', 'none'], ['x']]) {
    const { ok, output } = await main(...args);
    assert.not.ok(ok, args.join(' '));
    assert.match(output, 'Usage: npm run contract');
  }
  const { ok, output } = await main('--against', 'nowhere');
  assert.not.ok(ok);
  assert.is(output, 'There is no commit nowhere.');
});

test('a row is as grave as its gravest change, which comes first, each once', () => {
  const changes = (['patch', 'major', 'minor', 'major'] as const).map((level) => ({
    level,
    text: level,
  }));
  const found = row('wire', changes);
  assert.is(found.level, 'major');
  assert.equal(
    found.changes.map(({ text }) => text),
    ['major', 'minor', 'patch'],
  );
  assert.is(highest([]), 'none');
});

test('a limit is reached by what is as grave or graver', () => {
  const rows = (level: Level) => [row('a', []), { ...row('b', []), level }];
  for (const [level, limit, isReached] of [
    ['none', 'patch', false],
    ['patch', 'patch', true],
    ['minor', 'major', false],
    ['major', 'major', true],
    ['major', 'patch', true],
  ] as const) {
    assert.is(reaches(rows(level), limit), isReached, `${level} ${limit}`);
  }
});

test('the table has a line for each aspect and for each change', () => {
  const rows = [
    row('wire', [{ level: 'major', text: 'a removed' }]),
    { ...row('OpenAPI', []), note: 'the base has none' },
    row('SDK', [
      { level: 'minor', text: 'b added' },
      { level: 'patch', text: 'c explained' },
    ]),
  ];
  assert.is(
    table({ commit: '0123456789abcdef', rows }),
    `Compared with 0123456789ab:

wire     BREAKING  1
         ! a removed
OpenAPI  not compared
         (the base has none)
SDK      minor  2
         + b added
         ~ c explained`,
  );
  assert.is(table({ reason: 'Nothing.' }), 'Nothing.');
});

test.run();
