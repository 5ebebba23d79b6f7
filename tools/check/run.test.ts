import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { isRunning } from '../local/running-process.ts';
import type { Check } from './check.ts';
import { runEverything, type Total } from './run.ts';

const test = suite('npm test');

const suitePath = resolve(import.meta.dirname, '../../test/harness/suite.ts');
const hangs = `test('a', () => new Promise(() => setInterval(() => {}, 99))); test.run();`;
const passes = `test('a', () => {}); test.run();`;
const start = `import { suite } from '${suitePath}';\nconst test = suite('example');\n`;

/** Files of a small project; each is a test file unless it is the measured source. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), path.endsWith('.test.ts') ? start + text : text);
  }
  return folder;
}

interface Outcome {
  total: Total;
  output: string;
}

async function run(
  files: Readonly<Record<string, string>>,
  {
    wanted = 'test',
    checks = [] as Check[],
    fileTimeoutMs = 1500,
    signal = new AbortController().signal,
  } = {},
): Promise<Outcome> {
  const lines: string[] = [];
  const total = await runEverything({
    projectFolder: project(files),
    workFolder: temporaryFolder(),
    checks,
    wanted,
    fileTimeoutMs,
    signal,
    print: (line) => void lines.push(line),
  });
  return { total, output: lines.join('\n') };
}

test('counts what passes and what fails, and shows the output of failures only', async () => {
  const { total, output } = await run({
    'lib/good.test.ts': `console.log('quiet'); test('b', () => {}); ${passes}`,
    'lib/bad.test.ts': `test('b', () => { throw new Error('loud'); }); ${passes}`,
  });
  assert.equal(total, { passed: 3, failed: 1 });
  assert.match(output, /^✓ lib\/good\.test\.ts: 2 passed \(\d+\.\d s\)$/m);
  assert.match(output, /^✗ lib\/bad\.test\.ts: 1 passed, 1 failed/m);
  assert.match(output, /loud/);
  assert.not.match(output, /quiet/);
});

test('shows what a test has noted, also when it passes', async () => {
  const noted = `import { progress } from '${suitePath.replace('suite.ts', 'progress.ts')}';
    test('b', () => progress.note('7 seeds')); test.run();`;
  const { output } = await run({ 'lib/noting.test.ts': noted });
  assert.match(output, /^✓ lib\/noting\.test\.ts: 1 passed .*\n {4}7 seeds$/m);
});

test('the simulation has the machine for itself', async () => {
  const folder = temporaryFolder();
  // Each leaves a mark while it runs, and the simulation fails when it sees one.
  const beside = `import { rmSync, writeFileSync } from 'node:fs';
    test('a', async () => {
      writeFileSync('${folder}/mark', '');
      await new Promise((resolve) => setTimeout(resolve, 300));
      rmSync('${folder}/mark', { force: true });
    }); test.run();`;
  const simulation = `import { existsSync } from 'node:fs';
    test('a', async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (existsSync('${folder}/mark')) throw new Error('not alone');
    }); test.run();`;
  const { total } = await run({
    'lib/a.test.ts': beside,
    'test/simulation/simulation.test.ts': simulation,
    'test/system/b.test.ts': beside,
    'web/c.test.ts': beside,
  });
  assert.equal(total, { passed: 4, failed: 0 });
});

test('a file that hangs, crashes, or runs nothing is a failure', async () => {
  const { total, output } = await run({
    'lib/hangs.test.ts': hangs,
    'lib/crashes.test.ts': `${passes} process.kill(process.pid, 'SIGSEGV');`,
    'lib/empty.test.ts': `test.run();`,
    'lib/broken.test.ts': `this is no TypeScript`,
    'services/exits.test.ts': `test('a', () => process.exit(0)); test.run();`,
  });
  assert.equal(total, { passed: 0, failed: 5 });
  assert.match(output, /It did not end within 1500 ms/);
  assert.match(output, /The file failed: SIGSEGV/);
  assert.match(output, /registers no test/);
});

test('a file without the harness is a failure even when it ends well', async () => {
  const plain = `process.removeAllListeners('exit');`;
  const { total, output } = await run({ 'test/plain.test.ts': plain });
  assert.equal(total, { passed: 0, failed: 1 });
  assert.match(output, /The file ran no test/);
});

test('ends what a file leaves behind', async () => {
  const { total, output } = await run({
    'lib/leaves.test.ts':
      `import { spawn } from 'node:child_process';\n` +
      `const child = spawn('sleep', ['60'], { stdio: 'inherit' }); child.unref();\n` +
      `test('pid ' + child.pid, () => { throw new Error('show it'); }); test.run();`,
  });
  assert.is(total.failed, 1);
  const pid = Number(/pid (\d+)/.exec(output)?.[1]);
  for (let left = 40; isRunning(pid) && left > 0; left -= 1) await sleep(50);
  assert.not.ok(isRunning(pid));
});

test('tests see the shared servers, and none of the caller’s settings', async () => {
  process.env['PURSER_GATEWAY_PORT'] = '1';
  const { total, output } = await run({
    'lib/sees.test.ts':
      `import * as assert from 'node:assert';\n` +
      `test('a', () => { assert.match(process.env.PURSER_TEST_POSTGRES_URL, /^postgres:/);` +
      ` assert.match(process.env.PURSER_TEST_NATS_URL, /^nats:/);` +
      ` assert.equal(process.env.PURSER_GATEWAY_PORT, undefined); }); test.run();`,
  });
  delete process.env['PURSER_GATEWAY_PORT'];
  assert.equal(total, { passed: 1, failed: 0 }, output);
});

test('a part of a path chooses files, and leaves the checks out', async () => {
  const files = {
    'lib/one.test.ts': passes,
    'lib/two.test.ts': passes,
  };
  const checks = [{ name: 'never', run: () => Promise.reject(new Error('must not run')) }];
  assert.equal((await run(files, { wanted: 'one', checks })).total, { passed: 1, failed: 0 });
  const { total, output } = await run(files, { wanted: 'three', checks });
  assert.equal(total, { passed: 0, failed: 1 });
  assert.match(output, /no test file's path contains “three”/);
});

test(
  'runs the checks, and counts a check that throws as failed',
  async () => {
    const checks: Check[] = [
      { name: 'fine', run: async () => ({ ok: true, detail: 'nothing to compare with' }) },
      { name: 'wrong', run: async () => ({ ok: false, detail: 'this is wrong' }) },
      { name: 'throws', run: () => Promise.reject(new Error('cannot tell')) },
    ];
    const source = `export function used() { return 1; }\n`;
    const unused = `export function unused() {\n${'  void 0;\n'.repeat(9)}}\n`;
    const { total, output } = await run(
      {
        'lib/a.ts': source,
        'services/x/b.ts': source + unused,
        'gateway/c.ts': source,
        'lib/a.test.ts':
          `import { used } from './a.ts'; import { used as b } from '../services/x/b.ts';` +
          `import { used as c } from '../gateway/c.ts';` +
          `test('a', () => { used(); b(); c(); }); test.run();`,
      },
      { wanted: '', checks },
    );
    // One test, the first check, and the coverage of three of four folders.
    assert.equal(total, { passed: 5, failed: 3 }, output);
    for (const line of [/^✓ fine/m, /^ {4}nothing to compare/m, /^✗ wrong/m, /^✗ throws/m]) {
      assert.match(output, line);
    }
    assert.match(output, /^✗ coverage of services[^]*^ {4}\d+\.\d % of lines, not over 80 %$/m);
  },
  { timeoutMs: 120_000 },
);

test('an interrupted run starts no further file and leaves no server', async () => {
  const interrupt = new AbortController();
  const files = {
    'lib/first.test.ts': hangs,
    'lib/later.test.ts': hangs,
    'lib/never.test.ts': passes,
  };
  setTimeout(() => interrupt.abort(new Error('stop')), 3000);
  const options = { fileTimeoutMs: 60_000, signal: interrupt.signal };
  const ending = await run(files, options).then(
    ({ output }) => output,
    (error: Error) => error.message,
  );
  assert.is(ending, 'stop');
});

test.run();
