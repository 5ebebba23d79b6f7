import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

/** What the processes of one kind have used since they started. */
export interface Usage {
  cpuMs: number;
  residentBytes: number;
}

export interface ProcessStat {
  pid: number;
  parent: number;
  cpuMs: number;
  residentBytes: number;
}

/** Kinds of processes that `npm start` runs, by what stands in their command lines. */
const kinds: readonly [name: string, pattern: RegExp][] = [
  ['orders', /services\/orders\/main/],
  ['payments', /services\/payments\/main/],
  ['notifications', /services\/notifications\/main/],
  ['operations', /services\/operations\/main/],
  ['gateway', /gateway\/main/],
  ['web', /web\/server\/main/],
  ['nats', /nats-server/],
  ['postgres', /bin\/postgres/],
];

/**
 * What each kind of process below `launcherPid` has used, and the load generator itself, which is
 * this process. PostgreSQL's are those of all its backends, also of ended ones. Undefined where
 * the operating system has no /proc.
 */
export function readUsage(launcherPid: number): Map<string, Usage> | undefined {
  const stats = readStats();
  if (stats === undefined) return undefined;
  const children = Map.groupBy(stats.values(), ({ parent }) => parent);
  const usage = new Map<string, Usage>();
  const add = (kind: string, { cpuMs, residentBytes }: ProcessStat) => {
    const sum = usage.get(kind) ?? { cpuMs: 0, residentBytes: 0 };
    usage.set(kind, {
      cpuMs: sum.cpuMs + cpuMs,
      residentBytes: sum.residentBytes + residentBytes,
    });
  };
  const visit = (stat: ProcessStat, above: string) => {
    const kind = kinds.find(([, pattern]) => pattern.test(commandOf(stat.pid)))?.[0] ?? above;
    add(kind, stat);
    for (const child of children.get(stat.pid) ?? []) visit(child, kind);
  };
  for (const child of children.get(launcherPid) ?? []) visit(child, 'other');
  const own = stats.get(process.pid);
  if (own !== undefined) add('load', own);
  return usage;
}

/** CPU used between two readings; memory as of the second. */
export function usageBetween(
  before: ReadonlyMap<string, Usage>,
  after: ReadonlyMap<string, Usage>,
): Map<string, Usage> {
  return new Map(
    [...after].map(([kind, { cpuMs, residentBytes }]) => [
      kind,
      { cpuMs: cpuMs - (before.get(kind)?.cpuMs ?? 0), residentBytes },
    ]),
  );
}

/** One process of this machine; undefined where that cannot be read, or when it has ended. */
export function readProcess(pid: number): Usage | undefined {
  return process.platform === 'linux' ? readStat(pid) : undefined;
}

/** All processes of this machine by their ids; undefined where that cannot be read. */
export function readStats(): Map<number, ProcessStat> | undefined {
  if (process.platform !== 'linux') return undefined;
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat !== undefined) stats.set(stat.pid, stat);
  }
  return stats;
}

/** proc_pid_stat(5): the fields after the command, which may hold spaces and brackets. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readQuietly(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(fields[index - 3]);
  // utime, stime, and those of children that have ended and were waited for
  const ticks = number(14) + number(15) + number(16) + number(17);
  return {
    pid,
    parent: number(4),
    cpuMs: (ticks * 1_000) / ticksPerSecond(),
    residentBytes: number(24) * pageBytes(),
  };
}

function commandOf(pid: number): string {
  return readQuietly(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // the process has ended
  }
}

const systemValues = new Map<string, number>();

function systemValue(name: string): number {
  const known = systemValues.get(name) ?? Number(execFileSync('getconf', [name]));
  systemValues.set(name, known);
  return known;
}

const ticksPerSecond = () => systemValue('CLK_TCK');
const pageBytes = () => systemValue('PAGESIZE');
