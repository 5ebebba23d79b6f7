// What numbers and names of a machine mean for `npm start`: pure, so that every verdict has a test.
import { ok, problem, warning, type Finding } from './finding.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;

const inMib = (bytes: number) => `${Math.round(bytes / mib)} MiB`;
const inGib = (bytes: number) => `${(bytes / gib).toFixed(1)} GiB`;

/** nats-server reserves 512 MB for each stream; PostgreSQL keeps up to 4 GB of log. */
export function judgeDisk(freeBytes: number, folder: string): Finding {
  const free = `${inGib(freeBytes)} of disk are free for ${folder}`;
  const advice = 'Make room, or set PURSER_DATA to a folder on another disk.';
  if (freeBytes < gib) return problem(`Only ${free}; databases and streams need 1 GiB. ${advice}`);
  if (freeBytes < 8 * gib) return warning(`Only ${free}; a long run may need 8 GiB. ${advice}`);
  return ok(`${free}.`);
}

/** The default system takes about 450 MB (measured); the tests run several beside each other. */
export function judgeMemory(availableBytes: number): Finding {
  const available = `${inMib(availableBytes)} of memory are available`;
  if (availableBytes < 512 * mib) {
    return problem(`Only ${available}; npm start needs 512. End other programs.`);
  }
  if (availableBytes < 2 * gib) {
    return warning(`Only ${available}; enough for npm start, while npm test wants 2048.`);
  }
  return ok(`${available}.`);
}

/** PostgreSQL's processes exchange what they sort and join through /dev/shm. */
export function judgeSharedMemory(bytes: number | undefined): Finding {
  const advice = 'In a container, start it with --shm-size=256m.';
  if (bytes === undefined) return problem(`/dev/shm is missing or closed to this user. ${advice}`);
  if (bytes < 64 * mib) return warning(`/dev/shm has only ${inMib(bytes)}. ${advice}`);
  return ok(`/dev/shm has ${inMib(bytes)}.`);
}

/** A clock that is behind makes certificates invalid and ids of new rows smaller than old ones. */
export function judgeClock(now: Date, newestFile: Date): Finding {
  const says = `The clock says ${now.toISOString()}`;
  if (now.getTime() + 60_000 < newestFile.getTime()) {
    const then = newestFile.toISOString();
    return problem(`${says}, and files of this project are from ${then}. Set the clock.`);
  }
  return ok(`${says}, which is not before the files of this project.`);
}

export function judgeLocale(environment: NodeJS.Dict<string>): Finding {
  const { LC_ALL, LC_CTYPE, LANG } = environment;
  const locale = LC_ALL || LC_CTYPE || LANG || 'not set';
  if (/utf-?8/i.test(locale)) return ok(`The locale is ${locale}.`);
  return warning(
    `The locale is ${locale}: what the terminal shows may look broken; data are not affected. ` +
      'Set LANG to C.UTF-8.',
  );
}

export interface DockerFacts {
  /** Whether there is a program `docker`. */
  installed: boolean;
  /** Version of the engine; undefined when it does not answer. */
  engine: string | undefined;
  /** Version of the Compose plugin; undefined when there is none. */
  compose: string | undefined;
}

/** Only `docker compose up` needs any of it. */
export function judgeDocker({ installed, engine, compose }: DockerFacts): Finding {
  if (!installed) return ok('Docker is not installed; only docker compose up would need it.');
  if (engine === undefined) {
    return warning(
      'Docker does not answer, so docker compose up will not work; npm start does. ' +
        'Start the engine, or ask to be let in (group docker).',
    );
  }
  if (compose === undefined || Number.parseInt(compose, 10) < 2) {
    const found = compose === undefined ? 'has no Compose' : `has Compose ${compose}`;
    return warning(`Docker ${engine} ${found}: docker compose up needs version 2 or newer.`);
  }
  return ok(`Docker ${engine} with Compose ${compose} answers.`);
}
