import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Search } from './find-nats-server.ts';

const execute = promisify(execFile);

/** A mirror that does not answer must not hold the start for apt's own minutes. */
const aptOptions = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', '--quiet'];

/**
 * Downloads the package `nats-server` of Debian or Ubuntu, which apt checks against the system's
 * keys, and unpacks it below `folder`. Nothing is installed, so it needs no root, except to fetch
 * the package lists of a system that has none, as container images are.
 */
export async function unpackDebianPackage(
  folder: string,
  { progress, signal }: Search,
): Promise<string> {
  progress('Fetching the operating system’s package nats-server.');
  try {
    await downloadPackage(folder, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error('This system has no apt-get.', { cause: error });
    }
    if (process.getuid?.() !== 0) throw failure(error);
    progress('Fetching the operating system’s package lists.');
    await updateLists(signal);
    await downloadPackage(folder, signal).catch((again: unknown) => Promise.reject(failure(again)));
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get has downloaded nothing.');
  const root = join(folder, 'root');
  await execute('dpkg', ['-x', join(folder, file), root]);
  return join(root, 'usr/sbin/nats-server');
}

async function downloadPackage(folder: string, signal?: AbortSignal): Promise<void> {
  await execute('apt-get', [...aptOptions, 'download', 'nats-server'], {
    cwd: folder,
    timeout: 120_000,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function updateLists(signal?: AbortSignal): Promise<void> {
  try {
    await execute('apt-get', [...aptOptions, 'update'], {
      timeout: 120_000,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): Error {
  const { stderr, message } = error as Error & { stderr?: string };
  const line = (stderr ?? message).split('\n').find((text) => text.startsWith('E:')) ?? message;
  return new Error(`apt-get could not fetch nats-server: ${line.trim()}`, { cause: error });
}
