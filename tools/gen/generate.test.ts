import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { suite } from '#test/harness/suite.ts';
import { type Difference, findDrift, regenerate } from './generate.ts';
import { rootDirectory } from './run-buf.ts';

const test = suite('generate');

const committed = join(rootDirectory, 'gen');
let copy: string;

test.before(async () => {
  copy = await mkdtemp(join(tmpdir(), 'purser-copy-'));
  await cp(committed, copy, { recursive: true });
});

test.after(() => rm(copy, { recursive: true, force: true }));

test('drift is found and regenerating ends it', async () => {
  await regenerate(copy);
  assert.equal(await findDrift(copy), []);
  await appendFile(join(copy, 'errors.html'), '<!-- edited -->\n');
  await appendFile(join(copy, 'routes.ts'), '// edited\n');
  await writeFile(join(copy, 'stray.ts'), 'export {};\n');
  await rm(join(copy, 'descriptors.binpb'));
  const expected = [
    { path: 'descriptors.binpb', change: 'added' },
    { path: 'errors.html', change: 'changed' },
    { path: 'routes.ts', change: 'changed' },
    { path: 'stray.ts', change: 'removed' },
  ];
  assert.equal(await findDrift(copy), expected);
  const byPath = (a: Difference, b: Difference) => (a.path < b.path ? -1 : 1);
  assert.equal((await regenerate(copy)).toSorted(byPath), expected);
  assert.equal(await findDrift(copy), []);
});

test('the descriptors are complete: every RPC, every import, and the error details', async () => {
  const bytes = await readFile(join(committed, 'descriptors.binpb'));
  // Fails when an imported file is missing.
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  for (const { service, name } of Object.values(methods)) {
    const rpcs = registry.getService(service)?.methods ?? [];
    assert.ok(
      rpcs.some((rpc) => rpc.name === name),
      `${service}/${name}`,
    );
  }
  assert.ok(registry.getMessage('google.rpc.BadRequest'));
});

test.run();
