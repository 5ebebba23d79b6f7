import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Launch {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

export interface Owner {
  uid: number;
  gid: number;
}

/** `nobody`: in the password file of every system, which initdb asks for its user's name. */
const nobody: Owner = { uid: 65534, gid: 65534 };

/**
 * The user that PostgreSQL has to run as: it refuses to run as root, and containers mostly are.
 * Undefined when the present user will do. A folder that somebody else's run has made stays theirs.
 */
export function postgresOwner(cluster: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (!existsSync(cluster)) return nobody;
  const { uid, gid } = statSync(cluster);
  return uid === 0 ? nobody : { uid, gid };
}

/**
 * How to start one of PostgreSQL's programs. The owner must be able to pass through every folder
 * above `paths`. A clone under /root is closed to them; only then the program keeps the one
 * capability that opens such folders, which `setpriv` can hand over and Node cannot.
 */
export function launchAs(
  owner: Owner | undefined,
  command: string,
  args: string[],
  paths: readonly string[],
): Launch {
  if (owner === undefined) return { command, args };
  if (paths.every((path) => isOpenAbove(path, owner))) return { command, args, ...owner };
  const { uid, gid } = owner;
  return {
    command: 'setpriv',
    args: [
      // Otherwise access(2), by which PostgreSQL looks at its own programs, ignores the capability.
      '--securebits=+no_setuid_fixup',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
      command,
      ...args,
    ],
  };
}

function isOpenAbove(path: string, owner: Owner): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid } = statSync(folder);
    const passBit = uid === owner.uid ? 0o100 : 0o001;
    if ((mode & passBit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
