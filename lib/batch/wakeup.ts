import { systemTiming, type Timing } from './timing.ts';

/** Given to `abort`, which makes an error with a stack trace when it gets no reason. */
const woken = 'woken';

/**
 * A latch between those who bring work and the one loop that does it. A `wake` that comes while the
 * loop is busy is kept until the loop's next `wait`, so the order "clear, look, wait" never sleeps
 * over work that arrived between looking and waiting.
 */
export class Wakeup {
  readonly #timing: Timing;
  #woken = false;
  #sleeper: AbortController | undefined;

  constructor(timing: Timing = systemTiming) {
    this.#timing = timing;
  }

  wake(): void {
    this.#woken = true;
    this.#sleeper?.abort(woken);
  }

  /** Forgets earlier wakes. Call it before looking for work, never after. */
  clear(): void {
    this.#woken = false;
  }

  /**
   * Returns at once when woken since the last `clear`, otherwise on the next wake or after `ms`.
   */
  async wait(ms: number): Promise<void> {
    if (this.#woken) return;
    this.#sleeper = new AbortController();
    await this.#timing.sleep(ms, this.#sleeper.signal);
    this.#sleeper = undefined;
  }
}
