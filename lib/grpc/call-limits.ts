// How long a call may take, and how to stop work when that time is over or the caller has gone.
import { PurserError } from '#lib/errors/purser-error.ts';

/** Milliseconds that a call gets when its caller sets no deadline. */
export const deadlineDefaultMs = 10_000;

/** Most milliseconds that a call gets, whatever its caller says. */
export const deadlineMaxMs = 30_000;

const timerMaxMs = 2 ** 31 - 1;

/**
 * Milliseconds, and the part of a call's time, that the answer gets for its way back. Without them
 * the caller's own clock ends every late call first, and resets its stream: of a dependency that
 * hangs come hundreds of those at once, after which HTTP/2 takes the connection for an attack
 * (1,000 at once, 33 a second) and ends it with all the other calls on it.
 */
const wayBackMsMax = 50;
const wayBackPart = 0.05;

/**
 * When a call that arrives now must be over; `asked` is its caller's deadline in ms since the epoch
 * or a Date.
 */
export function effectiveDeadline(asked: Date | number, now = Date.now()): Date {
  const askedMs = Number(asked);
  const wayBackMs = Math.max(0, Math.min(wayBackMsMax, (askedMs - now) * wayBackPart));
  const givenMs = Number.isFinite(askedMs) ? askedMs - wayBackMs : now + deadlineDefaultMs;
  return new Date(Math.min(givenMs, now + deadlineMaxMs));
}

/**
 * Ends a call early: `signal` aborts with a PurserError, DEADLINE_EXCEEDED at the deadline or
 * CANCELLED when `cancel` is called before it, and then `race` rejects with the same error.
 */
export class CallLimits {
  /** Undefined for a stream whose caller set none. */
  readonly deadline: Date | undefined;
  #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(deadline: Date | undefined) {
    this.deadline = deadline;
    this.#startTimer();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * The caller has gone. A stream that ends at its deadline looks the same, and is told apart by
   * the clock.
   */
  cancel(): void {
    this.#abort(this.#isOver() ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
  }

  /** Throws when the call is already over: the timer alone may be late on a busy event loop. */
  throwIfOver(): void {
    if (this.#isOver()) this.#abort('DEADLINE_EXCEEDED');
    this.signal.throwIfAborted();
  }

  /** The server stops before the work is done. What the work has effected by then is not known. */
  interrupt(): void {
    this.#abort('DEPENDENCY_UNAVAILABLE');
  }

  /** The work is given up, for that reason. */
  fail(error: PurserError): void {
    if (!this.signal.aborted) this.#controller.abort(error);
  }

  /** The work's outcome, or a rejection with the signal's reason when that comes first. */
  race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      // A stream races once for each of its messages, so no listener may stay behind.
      const settle = () => signal.removeEventListener('abort', abort);
      work.then(resolve, reject).finally(settle);
      if (signal.aborted) abort();
    });
  }

  /** Ends the timer. The signal stays as it is. */
  release(): void {
    clearTimeout(this.#timer);
  }

  #isOver(): boolean {
    return this.deadline !== undefined && Date.now() >= this.deadline.getTime();
  }

  /** A timer takes at most 2^31 milliseconds; a stream's caller may allow more. */
  #startTimer(): void {
    if (this.deadline === undefined) return;
    const remainingMs = Math.max(0, this.deadline.getTime() - Date.now());
    this.#timer = setTimeout(
      () => (this.#isOver() || remainingMs <= timerMaxMs ? this.#expire() : this.#startTimer()),
      Math.min(remainingMs, timerMaxMs),
    );
  }

  #expire(): void {
    this.#abort('DEADLINE_EXCEEDED');
  }

  #abort(reason: 'DEADLINE_EXCEEDED' | 'CANCELLED' | 'DEPENDENCY_UNAVAILABLE'): void {
    this.fail(new PurserError(reason));
  }
}
