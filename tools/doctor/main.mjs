// npm run doctor: says in words what is missing or wrong on this machine, one line for each thing
// that was looked at, and exits 1 when something would keep `npm start` from working.
// Plain JavaScript without dependencies: what it tells about first is an old Node, or no packages.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  // Not by tools/command, which old Node cannot read.
  const usage = 'Usage: npm run doctor\nSays in words what is missing or wrong on this machine.\n';
  const isHelp = argument === '--help' || argument === '-h';
  if (isHelp) process.stdout.write(usage);
  else process.stderr.write(`Unexpected argument '${argument}'\n${usage}`);
  process.exit(isHelp ? 0 : 2);
}

const project = fileURLToPath(new URL('../..', import.meta.url));
const pinnedNode = resolve(project, 'node_modules/.bin/node');
const oldestMajor = 20;

let problems = 0;

function say(level, sentence) {
  if (level === 'problem') problems += 1;
  process.stdout.write(`${level.padEnd(8)} ${sentence}\n`);
}

const major = Number(process.versions.node.split('.')[0]);
if (major >= oldestMajor) say('ok', `Node ${process.versions.node} can start Purser.`);
else {
  const advice = `Install Node ${oldestMajor} or newer (nodejs.org).`;
  say('problem', `Node ${process.versions.node} is too old. ${advice}`);
}

const npm = /\bnpm\/(\S+)/.exec(process.env.npm_config_user_agent ?? '')?.[1];
if (npm !== undefined) say('ok', `npm ${npm}.`);
else say('warning', 'This was not started by npm. Use npm run doctor, so that npm is looked at.');

if (!existsSync(pinnedNode)) {
  say('warning', 'The packages are not installed. npm ci installs them, and so does npm start.');
  say('warning', 'The other checks need the packages: run npm run doctor again after npm ci.');
  process.exit(problems === 0 ? 0 : 1);
}

const { version } = JSON.parse(readFileSync(resolve(project, 'node_modules/node/package.json')));
const rest = spawnSync(pinnedNode, [resolve(project, 'tools/doctor/examine.ts')], {
  cwd: project,
  stdio: 'inherit',
});
if (rest.error) {
  const advice = 'Remove node_modules and run npm ci: they may be those of another system.';
  say('problem', `The pinned Node ${version} does not run (${rest.error.message}). ${advice}`);
}
process.exit(problems === 0 && rest.status === 0 ? 0 : 1);
