import { copyFileSync, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { buildSdk } from '../../tools/sdk/build.ts';
import { runProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

/** The package as it would be published: a tarball made in a folder of its own. */
export async function packSdk(): Promise<string> {
  const folder = temporaryFolder();
  for (const name of ['package.json', 'README.md']) {
    copyFileSync(join(projectFolder, 'sdk', name), join(folder, name));
  }
  await buildSdk(join(folder, 'dist'));
  // Its script would build once more, in the repository.
  const output = await succeed('npm', ['pack', '--ignore-scripts', '--silent'], folder);
  return join(folder, output.trim());
}

/** A project of somebody else's that has installed the package, and nothing else. */
export async function installSdk(tarball: string): Promise<string> {
  const folder = temporaryFolder();
  await succeed('npm', ['init', '--yes', '--init-type=module'], folder);
  await succeed('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], folder);
  return folder;
}

/** Runs a program of the project, or of the system, to its end; throws what it printed if wrong. */
export async function succeed(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const path = [process.env['PATH'], join(projectFolder, 'node_modules/.bin')].join(delimiter);
  const env = { ...process.env, PATH: path };
  const { exit, output } = await runProgram(command, args, { cwd, env });
  if (exit !== 0) throw new Error(`${command} ${args.join(' ')}: ${exit}\n${output}`);
  return output;
}

/** The Node that the user's system has, which started npm; not the one of node_modules. */
export function systemNode(): string {
  const { npm_node_execpath: starter, PATH = '' } = process.env;
  if (starter !== undefined) return starter;
  const folders = PATH.split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find(existsSync) ?? process.execPath;
}
