// How long a call may take, and how to stop work when that time is over or the caller has gone.
import { PurserError } from '#lib/errors/purser-error.ts';

/** Milliseconds that a call gets when its caller sets no deadline. */
export const deadlineDefaultMs = 10_000;

/** Most milliseconds that a call gets, whatever its caller says. */
export const deadlineMaxMs = 30_000;

/**
 * When a call that arrives now must be over; `asked` is its caller's deadline in ms since the epoch
 * or a Date.
 */
export function effectiveDeadline(asked: Date | number, now = Date.now()): Date {
  const askedMs = Number(asked);
  const givenMs = Number.isFinite(askedMs) ? askedMs : now + deadlineDefaultMs;
  return new Date(Math.min(givenMs, now + deadlineMaxMs));
}

/**
 * Ends a call early: `signal` aborts with a PurserError, DEADLINE_EXCEEDED at the deadline or
 * CANCELLED when `cancel` is called before it, and then `race` rejects with the same error.
 */
export class CallLimits {
  readonly deadline: Date;
  #controller = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(deadline: Date) {
    this.deadline = deadline;
    const remainingMs = Math.max(0, deadline.getTime() - Date.now());
    this.#timer = setTimeout(() => this.#abort('DEADLINE_EXCEEDED'), remainingMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * The caller has gone. A stream that ends at its deadline looks the same, and is told apart by
   * the clock.
   */
  cancel(): void {
    this.#abort(Date.now() >= this.deadline.getTime() ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
  }

  /** Throws when the call is already over: the timer alone may be late on a busy event loop. */
  throwIfOver(): void {
    if (Date.now() >= this.deadline.getTime()) this.#abort('DEADLINE_EXCEEDED');
    this.signal.throwIfAborted();
  }

  /** The server stops before the work is done. What the work has effected by then is not known. */
  interrupt(): void {
    this.#abort('DEPENDENCY_UNAVAILABLE');
  }

  /** The work's outcome, or a rejection with the signal's reason when that comes first. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
      work.then(resolve, reject);
    });
  }

  /** Ends the timer. The signal stays as it is. */
  release(): void {
    clearTimeout(this.#timer);
  }

  #abort(reason: 'DEADLINE_EXCEEDED' | 'CANCELLED' | 'DEPENDENCY_UNAVAILABLE'): void {
    if (!this.signal.aborted) this.#controller.abort(new PurserError(reason));
  }
}
