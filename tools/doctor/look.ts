// What the doctor looks at on the machine itself.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findNatsServer, natsServerVersion } from '../local/find-nats-server.ts';
import { checkVersion, findBinaries, superuserPassword } from '../local/postgres-cluster.ts';
import { launchAs, postgresOwner } from '../local/postgres-owner.ts';
import { isRunning } from '../local/running-process.ts';
import { portProblems } from '../start/ports.ts';
import { lockDataFolder } from '../start/run-lock.ts';
import type { Settings } from '../start/settings.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import type { DockerFacts } from './judge.ts';

const execute = promisify(execFile);

/** Whether this user may make and write the data folder. */
export function lookAtDataFolder(folder: string): Finding {
  const nearest = nearestExisting(folder);
  const advice = 'Change its owner or its rights, or set PURSER_DATA to another folder.';
  if (!statSync(nearest).isDirectory()) return problem(`${nearest} is no folder. ${advice}`);
  try {
    accessSync(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return problem(`This user may not write in ${nearest}. ${advice}`);
  }
  const uid = process.getuid?.();
  if (nearest === folder && uid !== undefined && statSync(folder).uid !== uid) {
    return warning(`${folder} belongs to another user. ${advice}`);
  }
  return ok(`${folder} ${nearest === folder ? 'can be written' : 'can be made'}.`);
}

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(folder));
  return bavail * bsize;
}

/** Size of the file system of shared memory; undefined when it cannot be used. */
export function sharedMemoryBytes(folder = '/dev/shm'): number | undefined {
  try {
    accessSync(folder, constants.W_OK);
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize;
  } catch {
    return undefined;
  }
}

/** An `npm start` that runs on the data folder, or a server that a killed one has left. */
export function lookForLeftovers(dataFolder: string): Finding {
  if (!existsSync(join(dataFolder, 'launcher.lock'))) return ok('No other npm start runs here.');
  try {
    lockDataFolder(dataFolder)();
  } catch (error) {
    return warning((error as Error).message);
  }
  const pidFile = join(dataFolder, 'postgres/cluster/postmaster.pid');
  const pid = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : 0;
  if (pid > 0 && isRunning(pid)) {
    return warning(
      `A killed run has left PostgreSQL (process ${pid}) on ${dataFolder}: the next npm start ` +
        'stops it.',
    );
  }
  return ok('No other npm start runs here.');
}

/** One finding for each port that is not free, or one for all. */
export async function lookAtPorts({ ports }: Settings): Promise<Finding[]> {
  const problems = await portProblems(ports);
  if (problems.length > 0) return problems.map(problem);
  const numbers = ports.map(({ port }) => port).toSorted((a, b) => a - b);
  return [ok(`The ports of npm start are free: ${numbers.join(', ')}.`)];
}

/** Whether the PostgreSQL from npm runs here, as the user that it would have. */
export async function lookAtPostgres(dataFolder: string): Promise<Finding> {
  try {
    const { postgres } = await findBinaries();
    const owner = postgresOwner(resolve(dataFolder, 'postgres/cluster'));
    const { command, args, ...user } = launchAs(owner, postgres, ['--version'], [postgres]);
    const { stdout } = await execute(command, args, { ...user, cwd: '/', timeout: 10_000 });
    const as = owner === undefined ? '' : `, as user ${owner.uid} because this is root`;
    return ok(`${stdout.trim()} runs${as}.`);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const why = (stderr || message).trim().split('\n')[0] ?? '';
    return problem(
      `PostgreSQL does not run: ${why} A missing library is one of the operating system's ` +
        'packages; a missing program comes back with npm ci; setpriv is in util-linux.',
    );
  }
}

/** Nothing, unless an earlier run has left databases that this PostgreSQL cannot open. */
export function lookAtCluster(dataFolder: string): Finding[] {
  const folder = join(dataFolder, 'postgres');
  const cluster = join(folder, 'cluster');
  if (!existsSync(cluster)) return [];
  try {
    checkVersion(cluster);
    superuserPassword(folder);
    return [];
  } catch (error) {
    return [problem((error as Error).message)];
  }
}

/** A nats-server on PATH or from an earlier run; without one, npm start fetches it. */
export async function lookAtNats(dataFolder: string): Promise<Finding> {
  const remarks: string[] = [];
  const search = { progress: (sentence: string) => void remarks.push(sentence) };
  try {
    const binary = await findNatsServer(join(dataFolder, 'cache'), search, []);
    return ok(`nats-server ${await natsServerVersion(binary)} is at ${binary}.`);
  } catch {
    const why = ['No nats-server is here yet.', ...remarks].join(' ');
    return warning(
      `${why} npm start fetches one, for which it needs the network; ` +
        'or install it (Debian, Ubuntu: apt-get install nats-server).',
    );
  }
}

export async function dockerFacts(): Promise<DockerFacts> {
  const [client, engine, compose] = await Promise.all([
    versionOf(['--version']),
    versionOf(['version', '--format', '{{.Server.Version}}']),
    versionOf(['compose', 'version', '--short']),
  ]);
  return { installed: client !== undefined, engine, compose };
}

async function versionOf(args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await execute('docker', args, { timeout: 10_000 });
    return stdout.trim().replace(/^v/, '') || undefined;
  } catch {
    return undefined;
  }
}

function nearestExisting(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
