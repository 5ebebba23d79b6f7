import { systemTiming, type Timing } from './timing.ts';

/**
 * Doubling pauses with jitter, for retries that go on for ever: the n-th pause is between half of
 * `firstMs * 2^n` and all of it, and never above `lastMs`. The jitter keeps instances that failed
 * together from coming back together.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  readonly #timing: Timing;
  #failures = 0;

  constructor(options: { firstMs: number; lastMs: number; timing?: Timing }) {
    this.#firstMs = options.firstMs;
    this.#lastMs = options.lastMs;
    this.#timing = options.timing ?? systemTiming;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** The next pause in milliseconds. */
  next(): number {
    // The exponent is bounded so that a broker that is down for days does not overflow it.
    const full = Math.min(this.#firstMs * 2 ** Math.min(this.#failures, 30), this.#lastMs);
    this.#failures += 1;
    return full * (0.5 + this.#timing.random() / 2);
  }

  /** After a success: the next failure starts from `firstMs` again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits out the next pause, or until `signal` aborts. */
  async pause(signal?: AbortSignal): Promise<void> {
    await this.#timing.sleep(this.next(), signal);
  }
}
