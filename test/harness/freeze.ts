import { execFileSync } from 'node:child_process';
import { sendSignal } from '../../tools/local/running-process.ts';

/** The processes that this one has started: PostgreSQL's sessions. */
export function childrenOf(pid: number): number[] {
  try {
    const text = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return text.split('\n').map(Number).filter(Boolean);
  } catch {
    // ps exits with 1 when there is none.
    return [];
  }
}

/**
 * Stops processes and those that they have started in the middle of whatever they do, as a machine
 * that hangs would; returns all of them, for `thaw`. Throws when there is none to stop.
 */
export function freeze(pids: readonly number[]): number[] {
  if (pids.length === 0) throw new Error('there is no such process');
  // Before it is asked for its children: it starts no more.
  for (const pid of pids) sendSignal(pid, 'SIGSTOP');
  const children = pids.flatMap(childrenOf);
  for (const pid of children) sendSignal(pid, 'SIGSTOP');
  return [...pids, ...children];
}

/** Lets frozen processes go on, those that were started before those that have started them. */
export function thaw(frozen: readonly number[]): void {
  for (const pid of frozen.toReversed()) sendSignal(pid, 'SIGCONT');
}
