/** Longest wait before the second try, in milliseconds; it doubles with every further one. */
const firstMs = 100;

const mostMs = 5_000;

/**
 * How long to wait after the given number of failed tries: any time from none to
 * min(5 s, 100 ms × 2^(tries − 1)), all equally likely, so that callers who failed together do not
 * come back together. "Full jitter" of Marc Brooker, Exponential Backoff And Jitter, AWS
 * Architecture Blog, 2015.
 */
export function backoffMs(tries: number, random = Math.random): number {
  return random() * Math.min(mostMs, firstMs * 2 ** (tries - 1));
}

/** Longest time of a timer, 24.8 days: one that is to run longer fires at once. */
export const timerMsMax = 2 ** 31 - 1;

/** Waits; rejects with the signal's reason when it aborts first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop);
        resolve();
      },
      Math.min(ms, timerMsMax),
    );
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
