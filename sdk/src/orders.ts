import { OrderClient } from '../../gen/sdk/clients.ts';
import type { CreateOrderOptions } from '../../gen/sdk/clients.ts';
import type { Order, OrderFailureReason, OrderInput } from '../../gen/sdk/types.ts';
import { timerMsMax } from './backoff.ts';
import type { CallOptions, Caller } from './caller.ts';
import { PurserError } from './purser-error.ts';
import { watchOrder } from './watch-order.ts';
import type { OrderSource } from './watch-order.ts';

/** What became of an order within the time. */
export type OrderOutcome =
  /** The amount was debited; the order may have gone on since. */
  | { outcome: 'paid'; order: Order }
  /** Nothing was debited, and never will be. */
  | { outcome: 'failed'; order: Order; reason: OrderFailureReason }
  /** Somebody cancelled it meanwhile: nothing is kept of the money. */
  | { outcome: 'cancelled'; order: Order }
  /** Not decided yet. Watch the order, or ask again later. */
  | { outcome: 'pending'; order: Order };

export interface CreateAndWaitOptions extends CreateOrderOptions {
  /** How long to wait for the payment once the order is accepted; default 30,000 ms. */
  waitMs?: number | undefined;
}

/** Orders of the calling user, and how to wait for what becomes of them. */
export class Orders extends OrderClient {
  readonly #caller: Caller;
  readonly #source: OrderSource;

  /** @internal Programs get it from `Purser`. */
  constructor(caller: Caller, source: OrderSource) {
    super(caller);
    this.#caller = caller;
    this.#source = source;
  }

  /**
   * The order as it is now, and again after every change, until it is FAILED, DELIVERED or
   * CANCELLED: `for await (const order of purser.orders.watch(name))`. Changes that come close
   * together may be seen as one. It outlasts failures of network and services; leave the loop or
   * abort `signal` to end it. Errors: CANCELLED, ORDER_NOT_FOUND, INVALID_REQUEST.
   *
   * @param name Name of the order: `orders/{order}`.
   */
  watch(name: string, options: CallOptions = {}): AsyncIterableIterator<Order> {
    return watchOrder(name, this.#source, {
      get: (signal) => this.get(name, { ...options, signal }),
      userId: options.userId ?? this.#caller.userId,
      signal: options.signal,
    });
  }

  /**
   * Creates an order and waits until it is paid, or is not going to be. Once the order exists, only
   * an abort is an error: when the time is over, or the order cannot be read any more, it is still
   * `pending`. Errors: those of `create`, CANCELLED.
   */
  async createAndWait(
    order: OrderInput,
    options: CreateAndWaitOptions = {},
  ): Promise<OrderOutcome> {
    const { waitMs = 30_000, ...createOptions } = options;
    let latest = await this.create(order, createOptions);
    const over = new AbortController();
    const stop = () => over.abort(options.signal?.reason);
    const timer = setTimeout(stop, Math.min(waitMs, timerMsMax));
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      const { userId, tryTimeoutMs } = options;
      const news = this.watch(latest.name, { userId, tryTimeoutMs, signal: over.signal });
      for await (const seen of news) {
        latest = seen;
        const outcome = outcomeOf(latest);
        if (outcome.outcome !== 'pending') return outcome;
      }
    } catch (error) {
      if (options.signal?.aborted || !(error instanceof PurserError)) throw error;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
    }
    return outcomeOf(latest);
  }
}

/** What the state says about the payment; a state of a newer service says nothing. */
function outcomeOf(order: Order): OrderOutcome {
  switch (order.state) {
    case 'PAID':
    case 'ASSEMBLED':
    case 'SHIPPED':
    case 'DELIVERED':
      return { outcome: 'paid', order };
    case 'FAILED':
      return { outcome: 'failed', order, reason: order.failureReason ?? 'UNSPECIFIED' };
    case 'CANCELLING':
    case 'CANCELLED':
      return { outcome: 'cancelled', order };
    default:
      return { outcome: 'pending', order };
  }
}
