import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Leaves the test file that waits for it time to run. */
const installMs = 120_000;

/**
 * A Chromium of the system: found on the PATH, else installed where that is Debian and we are root.
 * Undefined, with the reason, when there is none to be had.
 */
export async function findChromium(): Promise<{ path: string } | { path?: never; reason: string }> {
  const path = onPath();
  if (path !== undefined) return { path };
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    return { reason: 'there is no Chromium here' };
  }
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', 'chromium');
  } catch (error) {
    return { reason: `apt-get cannot install Chromium: ${(error as Error).message}` };
  }
  const installed = onPath();
  return installed === undefined
    ? { reason: 'apt-get installed no Chromium' }
    : { path: installed };
}

function onPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((file) => existsSync(file));
}

async function apt(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await execute('apt-get', ['--quiet', ...args], { env, timeout: installMs });
}
