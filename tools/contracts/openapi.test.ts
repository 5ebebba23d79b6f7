import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { rootDirectory } from '../gen/run-buf.ts';
import { openApi } from './openapi.ts';

const test = suite('contracts: OpenAPI');

let directory: string;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'purser-openapi-'));
});

test.after(() => rm(directory, { recursive: true, force: true }));

test('a document with an operation that says nothing of errors does not pass', async () => {
  const text = await readFile(join(rootDirectory, 'gen/openapi.json'), 'utf8');
  const document = JSON.parse(text);
  const { get } = document.paths['/v1/account'];
  get.responses = { 200: get.responses[200] };
  const file = join(directory, 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  const { ok, detail } = await openApi(file);
  assert.not.ok(ok);
  assert.match(detail, /operation-4xx-response/);
});

test.run();
