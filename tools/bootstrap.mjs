// Brings node_modules to what package-lock.json lists, and ends. The scripts in package.json run it
// before everything else, and then `exec` the pinned Node of node_modules: nothing of it stays.
// Plain JavaScript without dependencies: on a fresh clone any Node from 20 on has to run it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = join(projectFolder, 'package-lock.json');
const modules = join(projectFolder, 'node_modules');
// npm removes node_modules before it installs, so the stamp exists only beside a complete tree.
const stampFile = join(modules, '.installed-for');

const stamp = [
  createHash('sha256').update(readFileSync(lockfile)).digest('hex'),
  process.platform,
  process.arch,
].join(' ');

if (!isInstalled()) {
  process.stderr.write('Installing the packages of package-lock.json (a minute or two).\n');
  await runNpmCi();
  process.stderr.write('The packages are installed.\n');
}

function isInstalled() {
  if (!existsSync(join(modules, '.bin', 'node'))) return false;
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') === stamp;
  // Somebody has run npm by hand: it leaves its own copy of the lockfile when it is done.
  const installed = join(modules, '.package-lock.json');
  const writtenAt = statSync(installed, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (writtenAt < statSync(lockfile).mtimeMs) return false;
  writeFileSync(stampFile, stamp);
  return true;
}

/** Runs `npm ci` with the terminal as it is, so that npm shows its own progress. */
async function runNpmCi() {
  // The npm that has started us, on its own Node: the one in node_modules is about to be replaced.
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  // Its warnings are about that older Node, on which none of the packages will run.
  const ci = ['ci', '--loglevel=error'];
  const [command, args] = script && node ? [node, [script, ...ci]] : ['npm', ci];
  const stdio = ['ignore', 'inherit', 'inherit'];
  const child = spawn(command, args, { cwd: projectFolder, stdio });
  const stop = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  // npm passes a signal to its shell only; when that is gone, so is the reason to install.
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid === parent || stop(), 250);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? '' : `exit ${signal ?? code}`));
  });
  clearInterval(watch);
  if (outcome !== '') fail(`npm ci failed (${outcome}); see its messages above.`);
  if (!existsSync(join(modules, '.bin', 'node'))) {
    fail(
      'npm ci has not completed the package "node": let it run its install script ' +
        '(npm config set ignore-scripts false), then try again.',
    );
  }
  writeFileSync(stampFile, stamp);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
