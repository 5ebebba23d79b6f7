import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { Program, runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const test = suite('bootstrap');

/** The pinned Node, and the one that this system has, which on a fresh clone runs first. */
const nodes = [process.execPath, systemNode()].filter((node) => node !== undefined);

function systemNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const own = folders.filter((folder) => !folder.includes('node_modules'));
  const found = own.map((folder) => join(folder, 'node')).find((file) => existsSync(file));
  if (found === undefined) return undefined;
  const version = execFileSync(found, ['--version'], { encoding: 'utf8' });
  return Number.parseInt(version.slice(1), 10) >= 20 ? found : undefined;
}

const installs = 'rm -rf node_modules; mkdir -p node_modules/.bin; touch node_modules/.bin/node';

/** A project with this bootstrap, and an `npm` that notes its arguments and then does `script`. */
function setUp(script = installs): { folder: string; path: string } {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'tools'));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(resolve(import.meta.dirname, 'bootstrap.mjs'), join(folder, 'tools/bootstrap.mjs'));
  writeFileSync(join(folder, 'package-lock.json'), '{ "lockfileVersion": 3 }');
  const npm = join(folder, 'bin/npm');
  writeFileSync(npm, `#!/bin/sh\necho "npm $*" >> calls\necho "npm speaks"\n${script}\n`);
  chmodSync(npm, 0o755);
  return { folder, path: `${join(folder, 'bin')}:/usr/bin:/bin` };
}

type Setup = ReturnType<typeof setUp>;

function bootstrap(node: string, { folder, path }: Setup) {
  const args = [join(folder, 'tools/bootstrap.mjs')];
  return runProgram(node, args, { cwd: folder, env: { PATH: path } });
}

function calls({ folder }: Setup): string {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

  test(`installs once, and again when the lockfile changes (${version})`, async () => {
    const setup = setUp();
    const first = await bootstrap(node, setup);
    assert.is(first.exit, 0, first.output);
    assert.match(first.output, /^Installing the packages[^]*npm speaks[^]*are installed\.$/m);
    assert.is(calls(setup), 'npm ci --loglevel=error\n');
    const second = await bootstrap(node, setup);
    assert.equal(second, { exit: 0, output: '' });
    writeFileSync(join(setup.folder, 'package-lock.json'), '{ "lockfileVersion": 3, "a": 1 }');
    await bootstrap(node, setup);
    assert.is(calls(setup), 'npm ci --loglevel=error\nnpm ci --loglevel=error\n');
  });

  test(`passes SIGTERM on to npm (${version})`, async () => {
    const script = 'sleep 30 & trap "kill $!; echo ended >> calls; exit 1" TERM; echo ready; wait';
    const setup = setUp(script);
    const args = [join(setup.folder, 'tools/bootstrap.mjs')];
    const options = { cwd: setup.folder, env: { PATH: setup.path } };
    const program = new Program(node, args, options);
    await program.printed(/ready/);
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 1, program.output);
    assert.is(calls(setup), 'npm ci --loglevel=error\nended\n');
  });
}

test('says so when npm fails', async () => {
  const setup = setUp('exit 7');
  const { exit, output } = await bootstrap(process.execPath, setup);
  assert.is(exit, 1);
  assert.match(output, /^npm ci failed \(exit 7\); see its messages above\.$/m);
  // Nothing is taken for installed.
  await bootstrap(process.execPath, setup);
  assert.is(calls(setup), 'npm ci --loglevel=error\nnpm ci --loglevel=error\n');
});

test('says so when there is no npm', async () => {
  const setup = setUp();
  rmSync(join(setup.folder, 'bin/npm'));
  const bare = { ...setup, path: join(setup.folder, 'bin') };
  const { exit, output } = await bootstrap(process.execPath, bare);
  assert.is(exit, 1);
  assert.match(output, /^npm ci failed \(spawn npm ENOENT\)/m);
});

test('says so when install scripts are switched off', async () => {
  const setup = setUp('mkdir -p node_modules');
  const { exit, output } = await bootstrap(process.execPath, setup);
  assert.is(exit, 1);
  assert.match(output, /let it run its install script \(npm config set ignore-scripts false\)/);
});

test('takes what was installed by hand, unless it is older than the lockfile', async () => {
  const setup = setUp();
  const modules = join(setup.folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  writeFileSync(join(modules, '.bin/node'), '');
  writeFileSync(join(modules, '.package-lock.json'), '{}');
  assert.equal(await bootstrap(process.execPath, setup), { exit: 0, output: '' });
  rmSync(join(modules, '.installed-for'));
  utimesSync(join(modules, '.package-lock.json'), 1, 1);
  await bootstrap(process.execPath, setup);
  assert.is(calls(setup), 'npm ci --loglevel=error\n');
});

test.run();
