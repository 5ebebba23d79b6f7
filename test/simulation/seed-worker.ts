// Plays seeds in a thread of its own: chance and ids of the whole thread belong to the simulation.
import { parentPort } from 'node:worker_threads';
import type { Violation } from './history.ts';
import { mutants, noMutant } from './mutants.ts';
import { planOf } from './plan.ts';
import { simulate } from './simulate.ts';

/** Seeds to play, one after the other. */
export interface Task {
  from: number;
  count: number;
  mutant: string | undefined;
  failuresMax: number;
}

export interface Failure {
  seed: number;
  violations: Violation[];
}

export interface TaskResult {
  seeds: number;
  failures: Failure[];
  events: number;
  healedMsMax: number;
  seen: Record<string, number>;
}

// Errors are part of the play here; their stack traces would cost more than everything else.
Error.stackTraceLimit = 0;

async function play({ from, count, mutant, failuresMax }: Task): Promise<TaskResult> {
  const changed = mutant === undefined ? noMutant : mutants[mutant]!;
  const result: TaskResult = { seeds: 0, failures: [], events: 0, healedMsMax: 0, seen: {} };
  for (let seed = from; seed < from + count; seed += 1) {
    const { violations, events, healedMs, seen } = await simulate(planOf(seed), {
      mutant: changed,
    });
    result.seeds += 1;
    result.events += events;
    result.healedMsMax = Math.max(result.healedMsMax, healedMs);
    for (const [name, times] of Object.entries(seen)) {
      result.seen[name] = (result.seen[name] ?? 0) + times;
    }
    if (violations.length > 0) result.failures.push({ seed, violations });
    if (result.failures.length >= failuresMax) break;
  }
  return result;
}

parentPort!.on('message', (task: Task) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of windows, not threads
  void play(task).then((result) => parentPort!.postMessage(result));
});
