import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Leaves the test file that waits for it time to run. */
const installMs = 120_000;

export type Found = { path: string } | { path?: never; reason: string };

/**
 * A program of the system by one of its names: found on the PATH, else installed from its package
 * where that is Debian and we are root. Undefined, with the reason, when there is none to be had.
 */
export async function findDebianProgram(
  names: readonly string[],
  debianPackage: string,
): Promise<Found> {
  const path = onPath(names);
  if (path !== undefined) return { path };
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    return { reason: `there is no ${names[0]} here` };
  }
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', debianPackage);
  } catch (error) {
    return { reason: `apt-get cannot install ${debianPackage}: ${(error as Error).message}` };
  }
  const installed = onPath(names);
  return installed === undefined
    ? { reason: `apt-get installed no ${names[0]}` }
    : { path: installed };
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((file) => existsSync(file));
}

async function apt(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await execute('apt-get', ['--quiet', ...args], { env, timeout: installMs });
}
