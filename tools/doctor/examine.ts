// The part of the doctor that runs on the pinned Node: prints a line for each finding, and exits 1
// when one of them is a problem. tools/doctor/main.mjs starts it.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EnvironmentError } from '#lib/config/environment.ts';
import { services } from '../start/services.ts';
import { readSettings } from '../start/settings.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import {
  judgeClock,
  judgeDisk,
  judgeDocker,
  judgeLocale,
  judgeMemory,
  judgeSharedMemory,
} from './judge.ts';
import { lookAtVariables } from './look-at-settings.ts';
import {
  dockerFacts,
  freeBytes,
  lookAtCluster,
  lookAtDataFolder,
  lookAtNats,
  lookAtPorts,
  lookAtPostgres,
  lookForLeftovers,
  sharedMemoryBytes,
} from './look.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

async function examine(): Promise<Finding[]> {
  const newest = statSync(resolve(projectFolder, 'package-lock.json')).mtime;
  return [
    ok(`The packages are installed, with Node ${process.versions.node}.`),
    judgeClock(new Date(), newest),
    judgeLocale(process.env),
    judgeMemory(process.availableMemory()),
    ...(process.platform === 'linux' ? [judgeSharedMemory(sharedMemoryBytes())] : []),
    ...(await examineSettings()),
    judgeDocker(await dockerFacts()),
  ];
}

async function examineSettings(): Promise<Finding[]> {
  try {
    const settings = readSettings(services);
    const { dataFolder } = settings;
    const leftovers = lookForLeftovers(dataFolder);
    // What runs here already has the ports, of course.
    const ports = leftovers.level === 'ok' ? await lookAtPorts(settings) : [];
    return [
      ...lookAtVariables(settings),
      lookAtDataFolder(dataFolder),
      judgeDisk(freeBytes(dataFolder), dataFolder),
      leftovers,
      ...ports,
      await lookAtPostgres(dataFolder),
      ...lookAtCluster(dataFolder),
      await lookAtNats(dataFolder),
    ];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems.map(problem);
    return [warning(`Not everything could be looked at: ${(error as Error).message}`)];
  }
}

const findings = await examine();
for (const { level, sentence } of findings) {
  process.stdout.write(`${level.padEnd(8)} ${sentence}\n`);
}
const count = findings.filter(({ level }) => level === 'problem').length;
process.stdout.write(count === 0 ? '\nnpm start can work here.\n' : `\n${count} to put right.\n`);
process.exitCode = count === 0 ? 0 : 1;
