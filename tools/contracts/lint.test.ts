import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { createFixture } from '../gen/fixture.ts';
import type { Fixture } from '../gen/fixture.ts';
import { format, lint } from './lint.ts';

const test = suite('contracts: lint and format');

let fixture: Fixture;

test.before(async () => {
  fixture = await createFixture({});
});

test.after(() => fixture.remove());

test('contracts that follow the rules pass', async () => {
  const passed = { ok: true, detail: '' };
  assert.equal(await lint(fixture.directory), { name: 'contracts: lint', ...passed });
  assert.equal(await format(fixture.directory), { name: 'contracts: format', ...passed });
});

test('a field without a comment, and a crooked line, do not', async () => {
  const file = join(fixture.directory, 'proto/purser/type/v1/money.proto');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `${text.trimEnd().slice(0, -1)} string symbol = 3;\n}\n`);
  const linted = await lint(fixture.directory);
  assert.not.ok(linted.ok);
  assert.match(linted.detail, /money\.proto.*Field "symbol" should have a non-empty comment/);
  const formatted = await format(fixture.directory);
  assert.not.ok(formatted.ok);
  assert.match(formatted.detail, /\+\s+string symbol = 3;/);
});

test.run();
