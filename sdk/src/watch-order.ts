import type { Order } from '../../gen/sdk/types.ts';
import { backoffMs, sleep } from './backoff.ts';
import { isPassing } from './caller.ts';
import { PurserError } from './purser-error.ts';

/** States that an order never leaves. */
export const finalStates: readonly string[] = ['FAILED', 'DELIVERED', 'CANCELLED'];

/** What a source of changes is given to follow one order. */
export interface FollowContext {
  /** Reads the order as it is now. */
  get(): Promise<Order>;
  /** Who watches it. */
  userId: string;
  /** Aborts when nobody watches any more. */
  signal: AbortSignal;
}

/**
 * Where news of an order come from: polling, or the live stream. It gives the order as it is, and
 * again whenever it may have changed, and may repeat itself or be late: what is not newer is
 * dropped. It ends when the signal aborts. When it fails for a passing cause, or ends by itself, it
 * is asked anew.
 */
export interface OrderSource {
  follow(name: string, context: FollowContext): AsyncIterable<Order>;
}

export interface PollingOptions {
  /** Wait before the second look at an order, and after every change; default 50 ms. */
  pollMsMin?: number;
  /** Longest wait between two looks; default 5,000 ms. */
  pollMsMax?: number;
}

/** How much longer every wait without a change is than the one before. */
export const pollGrowth = 1.5;

/** Any time between half and all of it: many watchers must not ask in step. */
export function spread(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}

/** Reads the order again and again, less often while nothing changes. */
export function pollingSource(options: PollingOptions = {}): OrderSource {
  const { pollMsMin = 50, pollMsMax = 5_000 } = options;
  return {
    async *follow(_name, { get, signal }) {
      let version: bigint | undefined;
      for (let waitMs = pollMsMin; ; waitMs = Math.min(pollMsMax, waitMs * pollGrowth)) {
        const order = await get();
        if (order.version !== version) waitMs = pollMsMin;
        version = order.version;
        yield order;
        await sleep(spread(waitMs), signal);
      }
    },
  };
}

/**
 * The order as it is, then after each change that was seen, until a final state. Two changes close
 * together may be seen as one. Passing failures are lived through; every other is thrown. An abort
 * is thrown as CANCELLED.
 */
export async function* watchOrder(
  name: string,
  source: OrderSource,
  options: {
    get(signal: AbortSignal): Promise<Order>;
    userId: string;
    signal: AbortSignal | undefined;
  },
): AsyncGenerator<Order, void, undefined> {
  const ended = new AbortController();
  const cancel = () => ended.abort(cancelled(options.signal));
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  const { signal } = ended;
  const { userId } = options;
  let seen = 0n;
  try {
    for (let failures = 1; ; failures += 1) {
      try {
        signal.throwIfAborted();
        const get = () => options.get(signal);
        for await (const order of source.follow(name, { get, userId, signal })) {
          failures = 0;
          if (order.version <= seen) continue;
          seen = order.version;
          yield order;
          if (finalStates.includes(order.state)) return;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof PurserError) || !isPassing(error)) throw error;
      }
      await sleep(backoffMs(Math.max(1, failures)), signal);
    }
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    ended.abort(cancelled(undefined));
  }
}

function cancelled(signal: AbortSignal | undefined): PurserError {
  return new PurserError('CANCELLED', 'Nobody watches the order any more.', {
    cause: signal?.reason,
  });
}
