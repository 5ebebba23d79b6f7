// Every command of package.json, as it answers before it starts anything.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { Program } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const test = suite('commands');

const projectFolder = resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(resolve(projectFolder, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Most modules are shared; where the code stands, which coverage asks, is all one here. */
const env: NodeJS.ProcessEnv = { ...process.env, NODE_COMPILE_CACHE: temporaryFolder() };
delete env['NODE_DISABLE_COMPILE_CACHE'];
delete env['NODE_V8_COVERAGE'];

/** What has not answered by then has begun to work, and is told to end. */
const answerMsMax = 20_000;

/** Runs what the script runs, without what installs packages before it. */
async function run(name: string, ...more: string[]) {
  const [, program, own = ''] = /node (?!tools\/bootstrap)(\S+\.\w+)(.*)$/.exec(scripts[name]!)!;
  const args = [program!, ...own.split(' ').filter((word) => word !== ''), ...more];
  const running = new Program(process.execPath, args, { cwd: projectFolder, env });
  const timer = setTimeout(() => running.child.kill(), answerMsMax);
  const exit = await running.exited;
  clearTimeout(timer);
  return { exit, output: running.output };
}

async function answers(name: string): Promise<string[]> {
  const problems: string[] = [];
  const help = await run(name, '--help');
  const shown = name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`;
  if (help.exit !== 0) problems.push(`${name} --help ends with ${help.exit}`);
  if (!help.output.startsWith('Usage: npm ') || !help.output.includes(shown)) {
    problems.push(`${name} --help prints ${help.output}`);
  }
  const wrong = await run(name, '--nonsense');
  if (wrong.exit !== 2) problems.push(`${name} --nonsense ends with ${wrong.exit}`);
  const [first, ...usage] = wrong.output.split('\n');
  if (!/^(Unknown option|Unexpected argument) '--nonsense'/.test(first!)) {
    problems.push(`${name} --nonsense prints ${wrong.output}`);
  }
  if (usage.join('\n') !== help.output) problems.push(`${name} --nonsense shows no usage`);
  return problems;
}

const all = async () => {
  const left = Object.keys(scripts);
  assert.ok(left.length > 20, `only ${left.length} scripts`);
  const problems: string[] = [];
  const workOff = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      problems.push(...(await answers(name)));
    }
  };
  await Promise.all([workOff(), workOff()]);
  assert.equal(problems, []);
};
test('each tells how it is used, and refuses an option that it does not know', all, {
  timeoutMs: 180_000,
});

test.run();
