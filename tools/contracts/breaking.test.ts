import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { rootDirectory, runProgram } from '../gen/run-buf.ts';
import { breaking } from './breaking.ts';

const test = suite('breaking changes');

let directory: string;
const file = () => join(directory, 'proto/purser/type/v1/money.proto');

test.before.each(async () => {
  directory = await mkdtemp(join(tmpdir(), 'purser-history-'));
  for (const name of ['proto', 'buf.yaml']) {
    await cp(join(rootDirectory, name), join(directory, name), { recursive: true });
  }
  await symlink(join(rootDirectory, 'node_modules'), join(directory, 'node_modules'));
});

test.after.each(() => rm(directory, { recursive: true, force: true }));

async function git(...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  const { ok, output } = await runProgram('git', [...identity, ...args], directory);
  assert.ok(ok, output);
}

async function commit(): Promise<void> {
  await git('add', 'proto', 'buf.yaml');
  await git('commit', '--quiet', '--allow-empty', '--message', 'A change');
}

/** A client that knows the old name reads nothing from the new one. */
async function rename(): Promise<void> {
  const text = await readFile(file(), 'utf8');
  await writeFile(file(), text.replace('currency_code = 1', 'currency = 1'));
}

async function addField(): Promise<void> {
  const text = await readFile(file(), 'utf8');
  const added = '  // How it is written.\n  string symbol = 3;\n}\n';
  await writeFile(file(), `${text.trimEnd().slice(0, -1)}${added}`);
}

test('without any history there is nothing to compare with', async () => {
  const { ok, detail } = await breaking(directory);
  assert.ok(ok);
  assert.is(detail, 'There is no git history to compare the contracts with.');
});

test('nor with a single commit', async () => {
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit();
  const { ok, detail } = await breaking(directory);
  assert.ok(ok);
  assert.is(detail, 'The history has no earlier commit to compare the contracts with.');
});

test('nor without a main branch', async () => {
  await git('init', '--quiet', '--initial-branch', 'work');
  await commit();
  const { ok, detail } = await breaking(directory);
  assert.ok(ok);
  assert.is(detail, 'No main branch is known here to compare the contracts with.');
});

test('a working tree is compared with main', async () => {
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit();
  await addField();
  const passed = { ok: true, detail: '' };
  assert.equal(await breaking(directory), { name: 'contracts: breaking changes', ...passed });
  await rename();
  const { ok, detail } = await breaking(directory);
  assert.not.ok(ok);
  assert.match(detail, /money\.proto.*Field "1" .*changed name from "currency_code" to "currency"/);
});

test('a branch is compared with where it left main', async () => {
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit();
  await git('checkout', '--quiet', '-b', 'work');
  await rename();
  await commit();
  await commit();
  assert.not.ok((await breaking(directory)).ok);
});

test('main itself is compared with the commit before', async () => {
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit();
  await rename();
  await commit();
  assert.not.ok((await breaking(directory)).ok);
  await commit();
  assert.ok((await breaking(directory)).ok);
});

test('a method may become idempotent, and never cease to be', async () => {
  const service = join(directory, 'proto/purser/orders/v1/order_service.proto');
  const text = await readFile(service, 'utf8');
  await writeFile(service, text.replaceAll('    option idempotency_level = IDEMPOTENT;\n', ''));
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit();
  await writeFile(service, text);
  await commit();
  assert.ok((await breaking(directory)).ok);
  await writeFile(service, text.replace('    option idempotency_level = IDEMPOTENT;\n', ''));
  const { ok, detail } = await breaking(directory);
  assert.not.ok(ok);
  assert.match(detail, /"CancelOrder" .* from "IDEMPOTENT" to "IDEMPOTENCY_UNKNOWN"/);
});

test('a commit without contracts is nothing to compare with', async () => {
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('commit', '--quiet', '--allow-empty', '--message', 'Nothing yet');
  const { ok, detail } = await breaking(directory);
  assert.ok(ok);
  assert.match(detail, /^The commit [0-9a-f]{40} has no contracts to compare with\.$/);
});

test.run();
