import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the clock that /proc counts in, on every Linux that Node runs on: 100 a second. */
const tickMs = 10;

interface Process {
  parent: number;
  /** Used by it and by those of its children that have ended, in milliseconds. */
  usedMs: number;
}

/** CPU time of a process and of all its descendants, living or not, in milliseconds. Linux only. */
export function cpuMsOfTree(pid: number): number {
  const all = processes();
  const sum = (of: number): number => {
    let total = all.get(of)?.usedMs ?? 0;
    for (const [child, { parent }] of all) if (parent === of) total += sum(child);
    return total;
  };
  return sum(pid);
}

/** CPU time of one process, in milliseconds; 0 when it is not there. */
export function cpuMsOf(pid: number): number {
  return processes().get(pid)?.usedMs ?? 0;
}

/** proc(5): after the name in parentheses, state is field 3, utime 14 to cstime 17. */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
      found.set(Number(entry), { parent: Number(fields[1]), usedMs: ticks * tickMs });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
