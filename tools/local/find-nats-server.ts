import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, copyFileSync, mkdirSync } from 'node:fs';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isAtLeast } from './nats-config.ts';
import { unpackDebianPackage } from './nats-debian-package.ts';
import { downloadRelease } from './nats-release.ts';

const execute = promisify(execFile);

/** The oldest version whose JetStream we have tested. */
const minimumVersion = '2.9.0';

export interface Search {
  /** Told what takes a while. */
  progress(sentence: string): void;
  /** Gives up a download that is under way. */
  signal?: AbortSignal | undefined;
}

/** Puts a nats-server somewhere below `folder` and returns its path; throws when it cannot. */
export type NatsSource = (folder: string, search: Search) => Promise<string>;

/** Tried in this order when neither PATH nor the cache has one. */
const defaultSources: readonly NatsSource[] = [unpackDebianPackage, downloadRelease];

const advice =
  'Install it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server; ' +
  'elsewhere: github.com/nats-io/nats-server/releases) so that nats-server is on PATH.';

/**
 * Finds a nats-server: on PATH, else the one kept in `cacheDir`, else from the sources, which is
 * then kept there. Throws one sentence that says what to install.
 */
export async function findNatsServer(
  cacheDir: string,
  search: Search,
  sources: readonly NatsSource[] = defaultSources,
): Promise<string> {
  const cached = resolve(cacheDir, 'nats-server');
  for (const candidate of [...namedOnPath('nats-server'), cached]) {
    const version = await natsServerVersion(candidate);
    if (version === undefined) continue;
    if (isAtLeast(version, minimumVersion)) return candidate;
    search.progress(`${candidate} is version ${version}, older than ${minimumVersion}: not used.`);
  }
  const reasons: string[] = [];
  for (const source of sources) {
    mkdirSync(cacheDir, { recursive: true });
    const folder = mkdtempSync(join(cacheDir, 'nats-'));
    try {
      return await keep(await source(folder, search), cached);
    } catch (error) {
      search.signal?.throwIfAborted();
      reasons.push((error as Error).message);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const why = reasons.join(' ');
  throw new Error(`No nats-server ${minimumVersion} or newer can be had. ${advice} (${why})`);
}

/** `2.9.10`; undefined when the program is missing or is something else. */
export async function natsServerVersion(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await execute(binary, ['--version'], { timeout: 10_000 });
    return /nats-server: v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** Renaming makes the program appear whole, even when two runs fetch it at the same time. */
async function keep(found: string, cached: string): Promise<string> {
  const version = await natsServerVersion(found);
  if (version === undefined || !isAtLeast(version, minimumVersion)) {
    throw new Error(`${found} is ${version ?? 'no nats-server'}.`);
  }
  const copy = `${cached}-${process.pid}`;
  copyFileSync(found, copy);
  chmodSync(copy, 0o755);
  renameSync(copy, cached);
  return cached;
}

function namedOnPath(name: string): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
