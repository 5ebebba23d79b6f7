import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { runProgram } from './program.ts';
import type { Report } from './progress.ts';
import { suite } from './suite.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('suite');

const folder = temporaryFolder();

/** Runs a test file with this body, which finds `suite` and `test`; returns what it reported. */
async function runFile(body: string) {
  const file = join(folder, 'example.ts');
  const reportFile = join(folder, 'report.json');
  const suitePath = resolve(import.meta.dirname, 'suite.ts');
  const start = `import { suite } from '${suitePath}';\nconst test = suite('example');\n`;
  writeFileSync(file, start + body);
  const env = { PATH: process.env['PATH'], PURSER_TEST_REPORT: reportFile };
  const { exit, output } = await runProgram(process.execPath, [file], { env });
  return { exit, output, report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report };
}

const cases = [
  {
    name: 'passing tests',
    body: `test('a', () => {}); test('b', async () => {}); test.run();`,
    exit: 0,
    report: { passed: 2, failed: 0, skipped: 0 },
  },
  {
    name: 'a failing test beside a passing one',
    body: `test('a', () => { throw new Error('no'); }); test('b', () => {}); test.run();`,
    exit: 1,
    report: { passed: 1, failed: 1, skipped: 0 },
    says: /no/,
  },
  {
    name: 'something thrown that is no error',
    body: `test('a', () => { throw 'text'; }); test.run();`,
    exit: 1,
    report: { passed: 0, failed: 1, skipped: 0 },
    says: /Thrown: text/,
  },
  {
    name: 'a test that never ends',
    body: `test('a', () => new Promise(() => {}), { timeoutMs: 50 }); test.run();`,
    exit: 1,
    report: { passed: 0, failed: 1, skipped: 0 },
    says: /“a” did not end within 50 ms/,
  },
  {
    name: 'a failing before hook, which uvu forgets',
    body: `test.before(() => { throw new Error('bad'); }); test('a', () => {}); test.run();`,
    exit: 1,
    report: { passed: 0, failed: 2, skipped: 0 },
    says: /1 registered tests did not run[\s\S]*1 hooks failed/,
  },
  {
    name: 'a failing after hook',
    body: `test.after(() => { throw new Error('bad'); }); test('a', () => {}); test.run();`,
    exit: 1,
    report: { passed: 1, failed: 1, skipped: 0 },
    says: /after hook failed/,
  },
  {
    name: 'a hook that never ends',
    body:
      `test.before(() => new Promise(() => {}), { timeoutMs: 50 });` +
      ` test('a', () => {}); test.run();`,
    exit: 1,
    report: { passed: 0, failed: 2, skipped: 0 },
    says: /did not end within 50 ms/,
  },
  {
    name: 'a file without a test',
    body: `test.run();`,
    exit: 1,
    report: { passed: 0, failed: 1, skipped: 0 },
    says: /registers no test/,
  },
  {
    name: 'a file that does not run its tests',
    body: `test('a', () => {});`,
    exit: 1,
    report: { passed: 0, failed: 1, skipped: 0 },
    says: /1 registered tests did not run/,
  },
  {
    name: 'a crash in the middle',
    body:
      `test('a', () => {}); test('b', async () => { setTimeout(() => { throw new Error('x'); });` +
      ` await new Promise((done) => setTimeout(done, 500)); }); test.run();`,
    exit: 1,
    report: { passed: 1, failed: 1, skipped: 0 },
  },
  {
    name: 'a file that something keeps alive',
    body: `test('a', () => { setInterval(() => {}, 1000); }); test.run();`,
    exit: 1,
    report: { passed: 1, failed: 1, skipped: 0 },
    says: /does not end. Open: .*Timeout/,
  },
  {
    name: 'skipped tests and a single chosen one',
    body: `test('a', () => {}); test.only('b', () => {}); test.skip('c'); test.run();`,
    exit: 0,
    report: { passed: 1, failed: 0, skipped: 1 },
  },
  {
    name: 'a file that can run nothing here, and says so',
    body: `test.skip('a'); test.run();`,
    exit: 0,
    report: { passed: 0, failed: 0, skipped: 1 },
  },
];

for (const { name, body, exit, report: counts, says } of cases) {
  test(name, async () => {
    const result = await runFile(body);
    assert.equal(result.report, { ...counts, notes: [] });
    assert.is(result.exit, exit, result.output);
    if (says !== undefined) assert.match(result.output, says);
  });
}

test('what a test notes is printed and reported', async () => {
  const progressPath = resolve(import.meta.dirname, 'progress.ts');
  const { output, report } = await runFile(`const { progress } = await import('${progressPath}');
    test('a', () => progress.note('7 seeds')); test.run();`);
  assert.equal(report.notes, ['7 seeds']);
  assert.match(output, / {2}7 seeds\n/);
});

test.run();
