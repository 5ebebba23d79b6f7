import { readProcess, readStats } from '../process-usage.ts';

/** CPU time of a process and of all its descendants, living or not, in milliseconds. Linux only. */
export function cpuMsOfTree(pid: number): number {
  const all = readStats() ?? new Map();
  const sum = (of: number): number => {
    let total = all.get(of)?.cpuMs ?? 0;
    for (const [child, { parent }] of all) if (parent === of) total += sum(child);
    return total;
  };
  return sum(pid);
}

/** CPU time of one process, in milliseconds; 0 when it is not there. */
export function cpuMsOf(pid: number): number {
  return readProcess(pid)?.cpuMs ?? 0;
}
