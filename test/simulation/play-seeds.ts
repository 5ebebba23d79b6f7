import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Task, TaskResult } from './seed-worker.ts';

export interface SeedRun {
  /** The first seed. */
  from: number;
  count: number;
  /** A name in `mutants`. */
  mutant?: string | undefined;
  /** Ends after so many failures; default 1. */
  failuresMax?: number;
  /** Ends after this, with what was played by then. */
  timeLimitMs?: number;
  onProgress?(sum: TaskResult): void;
}

const seedsAtOnce = 50;

/** Threads that play seeds. */
export class SeedPlayers {
  readonly #workers: Worker[];
  /** One row of seeds after the other: answers are told apart by their order. */
  #last: Promise<unknown> = Promise.resolve();

  /** As many as there are cores, unless told otherwise. */
  constructor(count = availableParallelism()) {
    // What runs a million times is not slowed down to be counted.
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const file = new URL('seed-worker.ts', import.meta.url);
    const resourceLimits = { maxYoungGenerationSizeMb: 48 };
    this.#workers = Array.from({ length: count }, () => new Worker(file, { env, resourceLimits }));
  }

  /** Plays a row of seeds and adds up what happened; failures in the order of seeds. */
  play(run: SeedRun): Promise<TaskResult> {
    const result = this.#last.then(() => this.#play(run));
    this.#last = result.catch(() => {});
    return result;
  }

  async #play(run: SeedRun): Promise<TaskResult> {
    const { failuresMax = 1, timeLimitMs = Number.POSITIVE_INFINITY } = run;
    const sum: TaskResult = { seeds: 0, failures: [], events: 0, healedMsMax: 0, seen: {} };
    const startedAt = performance.now();
    const end = run.from + run.count;
    let next = run.from;
    const goesOn = () =>
      next < end &&
      sum.failures.length < failuresMax &&
      performance.now() - startedAt < timeLimitMs;
    const playOn = async (worker: Worker) => {
      while (goesOn()) {
        const count = Math.min(seedsAtOnce, end - next);
        const task: Task = { from: next, count, mutant: run.mutant, failuresMax };
        next += count;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of windows
        worker.postMessage(task);
        const [result] = (await once(worker, 'message')) as [TaskResult];
        add(sum, result);
        run.onProgress?.(sum);
      }
    };
    await Promise.all(this.#workers.map(playOn));
    sum.failures.sort((a, b) => a.seed - b.seed);
    return sum;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function add(sum: TaskResult, { seeds, failures, events, healedMsMax, seen }: TaskResult): void {
  sum.seeds += seeds;
  sum.events += events;
  sum.failures.push(...failures);
  sum.healedMsMax = Math.max(sum.healedMsMax, healedMsMax);
  for (const [name, times] of Object.entries(seen)) sum.seen[name] = (sum.seen[name] ?? 0) + times;
}
