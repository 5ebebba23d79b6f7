import { setTimeout as sleep } from 'node:timers/promises';

/** Something that runs until it is stopped, or until it ends by itself. */
export interface Running {
  /** Settles when it has ended, with a phrase that says how. */
  exited: Promise<string>;
  stop(): Promise<unknown>;
  /** Ends it at once, without a chance to clean up. */
  killNow(): void;
}

const backoffMs = { first: 200, last: 5_000 };

/** Whoever ran this long starts again without delay when it dies. */
const stableAfterMs = 10_000;

/** Something that runs until it is stopped, and that is started again whenever it ends before. */
export class Supervised<R extends Running> {
  readonly name: string;
  readonly #start: () => Promise<R>;
  readonly #report: (sentence: string) => void;
  readonly #stopping = new AbortController();
  #current: R | undefined;
  #starting: Promise<unknown> | undefined;
  #killed = false;

  constructor(name: string, start: () => Promise<R>, report: (sentence: string) => void) {
    this.name = name;
    this.#start = start;
    this.#report = report;
  }

  /** The first start; throws what it throws. What ends before `keepRunning` stays ended. */
  start(): Promise<R> {
    return this.#startOnce();
  }

  /** From now on it is started again when it ends, with growing delays while it does not live. */
  keepRunning(): void {
    if (this.#current !== undefined) void this.#superviseFrom(this.#current);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting?.catch(() => {});
    await this.#current?.stop();
  }

  killNow(): void {
    this.#killed = true;
    this.#stopping.abort();
    this.#current?.killNow();
  }

  async #startOnce(): Promise<R> {
    const starting = this.#start();
    this.#starting = starting;
    const running = await starting;
    this.#current = running;
    if (this.#killed) running.killNow();
    return running;
  }

  async #superviseFrom(first: R): Promise<void> {
    let running: R | undefined = first;
    let delayMs = backoffMs.first;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const ending = running === undefined ? 'no start' : await running.exited;
      this.#current = undefined;
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - startedAt > stableAfterMs) delayMs = backoffMs.first;
      this.#report(`${this.name} has ended (${ending}); starting it again in ${delayMs} ms.`);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      delayMs = Math.min(delayMs * 2, backoffMs.last);
      running = await this.#startOnce().catch((error: Error) => {
        this.#report(`${this.name}: ${error.message}`);
        return undefined;
      });
    }
  }
}
