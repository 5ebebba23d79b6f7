import * as assert from 'uvu/assert';
import { suite } from '../test/harness/suite.ts';
import { codeOf, fileProblems, rootProblems, tidyProblems, unreferencedFiles } from './tidy.ts';

const test = suite('tidy');

// In pieces, because the rules read this file too.
const only = `.on${'ly'}`;
const importing = 'import';
const exporting = 'export';
const registered = `const test = suite('x');\ntest('a', () => {});\ntest.run();\n`;

const broken = [
  { rule: 'more than 100 columns', path: 'lib/a.ts', text: `const a = '${'x'.repeat(100)}';` },
  { rule: 'more than 400 lines', path: 'lib/a.ts', text: 'f();\n'.repeat(401) },
  { rule: 'a banned file name', path: 'lib/string-utils.ts', text: '' },
  { rule: 'a banned folder name', path: 'lib/common/a.ts', text: '' },
  { rule: 'a banned name', path: 'lib/a.ts', text: 'export class LockManager {}' },
  { rule: 'an interface with an I', path: 'lib/a.ts', text: 'export interface IClock {}' },
  { rule: 'a base class', path: 'lib/a.ts', text: 'export abstract class BaseRelay {}' },
  { rule: 'an import without .ts', path: 'lib/a.ts', text: `${importing} x from './b';` },
  { rule: 'one over lines', path: 'lib/a.ts', text: `${importing} {\n  x,\n} from '#lib/b';` },
  { rule: 'a dynamic one', path: 'lib/a.ts', text: `const b = await ${importing}('./b.js');` },
  { rule: 'a barrel by star', path: 'lib/a.ts', text: `${exporting} * from './b.ts';` },
  { rule: 'a barrel of types', path: 'lib/a.ts', text: `${exporting} type * from './b.ts';` },
  { rule: 'a barrel by name', path: 'lib/a.ts', text: `${exporting} { b } from './b.ts';` },
  { rule: 'a left only', path: 'lib/a.test.ts', text: `${registered}test${only}('b', () => {});` },
  { rule: 'no test', path: 'lib/a.test.ts', text: `const test = suite('x');\ntest.run();` },
  { rule: 'no suite', path: 'lib/a.test.ts', text: 'assert(true);' },
  { rule: 'tests that never run', path: 'lib/a.test.ts', text: registered.replace('.run', '.r') },
];

for (const { rule, path, text } of broken) {
  test(`finds ${rule}`, () => {
    const problems = fileProblems({ path, text });
    assert.is(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', new RegExp(`^${path}:\\d+: `));
  });
}

const allowed = [
  { what: 'an address too long for a line', text: `// https://example.org/${'x'.repeat(100)}` },
  { what: 'banned words in a comment or a string', text: `// the common helper\nf('manager');` },
  { what: 'words that contain banned ones', text: 'export class SimpleCommonality {}' },
  { what: 'other names with I and Base', text: 'export type Item = 1;\nexport type Based = 2;' },
  { what: 'an import from a package', text: `${importing} pg from 'pg';` },
  { what: 'a test file in order', text: registered, path: 'lib/a.test.ts' },
  { what: 'the word in a comment', text: `${registered}// test${only}(`, path: 'lib/a.test.ts' },
  { what: 'an export beside code', text: `${exporting} { b } from './b.ts';\nf();` },
];

for (const { what, text, path = 'lib/a.ts' } of allowed) {
  test(`allows ${what}`, () => {
    assert.equal(fileProblems({ path, text }), []);
  });
}

test('names the line of a problem', () => {
  const text = `f();\nf();\nconst a = '${'x'.repeat(100)}';`;
  const problem = 'lib/a.ts:3: 113 columns, more than 100';
  assert.equal(fileProblems({ path: 'lib/a.ts', text }), [problem]);
});

test('finds a file that nothing uses', () => {
  const sources = [
    { path: 'gateway/main.ts', text: `${importing} { a } from '#lib/a.ts';` },
    { path: 'lib/a.ts', text: `${importing} { b } from './b/c.ts';` },
    { path: 'lib/b/c.ts', text: 'f();' },
    { path: 'lib/lost.ts', text: 'f();' },
    { path: 'lib/lost.test.ts', text: 'f();' },
    { path: 'tools/named.ts', text: 'f();' },
    { path: 'tools/a/near.ts', text: `spawn('b/child.ts')` },
    { path: 'tools/a/b/child.ts', text: `spawn('../near.ts')` },
  ];
  const mentions = [{ path: 'package.json', text: '{ "gen": "node tools/named.ts" }' }];
  assert.equal(unreferencedFiles(sources, mentions), ['lib/lost.ts:1: nothing uses this file']);
});

test('counts the entries of the root', () => {
  const entries = Array.from({ length: 22 }, String);
  assert.is(rootProblems(entries).length, 1);
  assert.equal(rootProblems(entries.slice(1)), []);
});

test('blanks comments and strings, and keeps the lines', () => {
  const text = `a('x // y'); // z\n/* b\n */ c('it\\'s', \`d\n\`);`;
  const blanks = (count: number) => ' '.repeat(count);
  assert.equal(codeOf(text).split('\n'), [
    `a(${blanks(8)}); ${blanks(4)}`,
    blanks(4),
    `${blanks(3)} c(${blanks(7)}, ${blanks(2)}`,
    `${blanks(1)});`,
  ]);
});

test('reads a whole project', () => {
  const problems = tidyProblems(new URL('..', import.meta.url).pathname);
  assert.equal(
    problems.filter((problem) => problem.startsWith('tools/tidy')),
    [],
  );
});

test.run();
