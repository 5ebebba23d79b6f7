import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { readArguments, requireOptionsOf, WrongArgument, wholeNumber } from './read-arguments.ts';

const test = suite('arguments of commands');

const command = join(temporaryFolder(), 'command.mjs');
writeFileSync(
  command,
  `import { readArguments, wholeNumber } from ${JSON.stringify(
    join(import.meta.dirname, 'read-arguments.ts'),
  )};
const options = { days: { type: 'string', default: '30' }, dry: { type: 'boolean' } };
const { days } = readArguments('npm run it', { options }, ({ values }) => {
  if (values.dry) throw new Error('a fault of ours');
  return { days: wholeNumber('--days', values.days, { min: 1, max: 90 }) };
});
console.log(days, 'days');
`,
);

test('gives what it is to make of the arguments, with their types', () => {
  const options = { days: { type: 'string', default: '30' }, dry: { type: 'boolean' } } as const;
  const config = { args: ['--dry', 'a'], allowPositionals: true, options } as const;
  const { values, positionals } = readArguments('it', config);
  const days: string = values.days;
  const dry: boolean | undefined = values.dry;
  assert.equal([days, dry, positionals], ['30', true, ['a']]);
  const read = readArguments('it', config, (given) => given.positionals.length);
  assert.is(read, 1);
});

for (const [args, exit, output] of [
  [[], 0, '30 days\n'],
  [['--days', '7'], 0, '7 days\n'],
  [['--help'], 0, 'Usage: npm run it\n'],
  [['-h'], 0, 'Usage: npm run it\n'],
  [['--days', '0', '--help'], 0, 'Usage: npm run it\n'],
  [['--for'], 2, "Unknown option '--for'.\nUsage: npm run it\n"],
  [['me'], 2, "Unexpected argument 'me'. This command does not take positional arguments."],
  [['--days'], 2, "Option '--days <value>' argument missing.\nUsage: npm run it\n"],
  [['--dry=x'], 2, "Option '--dry' does not take an argument.\nUsage: npm run it\n"],
  [['--days', '-1'], 2, "Option '--days' argument is ambiguous.\n"],
  [['--days', '91'], 2, '--days takes a whole number from 1 to 90, not 91.\nUsage: npm run it\n'],
] as const) {
  test(`${['it', ...args].join(' ')} ends with ${exit}`, async () => {
    const ended = await runProgram(process.execPath, [command, ...args]);
    assert.is(ended.exit, exit, ended.output);
    assert.is(ended.output.slice(0, output.length), output);
    assert.not.match(ended.output, 'at file:');
    assert.is(
      ended.output.includes('Usage:'),
      output !== ended.output || output.includes('Usage:'),
    );
  });
}

test('a fault that is not about arguments is not told as one', async () => {
  const { exit, output } = await runProgram(process.execPath, [command, '--dry']);
  assert.is(exit, 1);
  assert.match(output, /Error: a fault of ours\n +at /);
  assert.not.match(output, 'Usage');
});

test('a whole number is digits within its range, both ends included', () => {
  const range = { min: 1, max: 90 };
  for (const text of ['1', '90', '007']) assert.is(wholeNumber('N', text, range), Number(text));
  for (const text of ['0', '91', '', ' 5', '5 ', '1e1', '0x10', '1.0', '-1', '+5', '1_0', 'x']) {
    assert.throws(
      () => wholeNumber('N', text, range),
      (error: unknown) =>
        error instanceof WrongArgument &&
        error.message === `N takes a whole number from 1 to 90, not ${text || 'nothing'}.`,
    );
  }
  assert.is(wholeNumber('N', undefined, range), undefined);
  assert.is(wholeNumber('N', '9007199254740991', { min: 0 }), Number.MAX_SAFE_INTEGER);
  assert.throws(() => wholeNumber('N', '9007199254740992', { min: 0 }), /number from 0, not 9/);
});

test('an option that would be ignored is refused', () => {
  requireOptionsOf('list', ['limit', 'before'], { limit: '5' });
  assert.throws(
    () => requireOptionsOf('replay', ['all'], { all: true, limit: '5' }),
    /^replay takes no --limit\.$/,
  );
});

test.run();
