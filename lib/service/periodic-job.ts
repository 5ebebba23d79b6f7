import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import type { Logger } from '#lib/log/logger.ts';

/** Work that a service does again and again beside its callers' work. */
export interface Job {
  name: string;
  /** Milliseconds from the end of one run to the beginning of the next, give or take a tenth. */
  intervalMs: number;
  /** One run; it ends early when `signal` aborts. What it throws is logged, and the job goes on. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs a job until it is stopped. The first run comes after a random part of the interval:
 * instances that start together spread their work.
 */
export class PeriodicJob {
  readonly #job: Job;
  readonly #log: Logger;
  readonly #timing: Timing;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(job: Job, { log, timing = systemTiming }: { log: Logger; timing?: Timing }) {
    this.#job = job;
    this.#log = log;
    this.#timing = timing;
  }

  start(): void {
    this.#ended = this.#loop(this.#stopping.signal);
  }

  /** Resolves when the run in flight has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { intervalMs } = this.#job;
    await this.#timing.sleep(intervalMs * this.#timing.random(), signal);
    while (!signal.aborted) {
      await this.#runOnce(signal);
      await this.#timing.sleep(intervalMs * (0.9 + this.#timing.random() / 5), signal);
    }
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    try {
      await this.#job.run(signal);
    } catch (error) {
      this.#log.error({ job: this.#job.name, error }, 'a periodic job failed; it will run again');
    }
  }
}
