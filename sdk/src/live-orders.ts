import type { LiveMessage } from '../../gen/sdk/types.ts';
import { sleep } from './backoff.ts';
import { followLive } from './live-socket.ts';
import type { LiveSocket } from './live-socket.ts';

export interface LiveOrdersOptions {
  /** A ticket for one socket; it may fail like any call. */
  ticket(signal: AbortSignal): Promise<string>;
  /** Opens a socket; it may throw. */
  connect(ticket: string): LiveSocket;
  /** Nobody watches any more: it is of no use from now on. */
  onUnused(): void;
}

/** Wait after a socket that has lived; longest wait after sockets that were not to be had. */
const reconnectMs = { first: 1_000, most: 60_000 };

/**
 * What one user's live stream says of the orders that somebody watches. It keeps one WebSocket
 * while there are any, resumes where the last one ended, and says when there is none.
 */
export class LiveOrders {
  readonly #options: LiveOrdersOptions;
  readonly #watched = new Map<string, Set<WatchedOrder>>();
  readonly #ended = new AbortController();
  #resumeToken: string | undefined;
  #isLive = false;
  #isRunning = false;

  constructor(options: LiveOrdersOptions) {
    this.#options = options;
  }

  /** Whether changes are told now. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** From now on the order's changes are heard of; `end` it. */
  watch(name: string): WatchedOrder {
    const order = new WatchedOrder(this, () => this.#forget(name, order));
    const all = this.#watched.get(name);
    if (all) all.add(order);
    else this.#watched.set(name, new Set([order]));
    // What changed between its last look and now may have been told already.
    if (this.#isLive) order.stir();
    if (!this.#isRunning) void this.#run();
    return order;
  }

  #forget(name: string, order: WatchedOrder): void {
    const all = this.#watched.get(name);
    if (!all?.delete(order) || all.size > 0) return;
    this.#watched.delete(name);
    if (this.#watched.size > 0) return;
    this.#ended.abort();
    this.#options.onUnused();
  }

  /** Runs as long as anything is watched. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    const { signal } = this.#ended;
    for (let failures = 0; !signal.aborted;) {
      const lived = await this.#stream(signal).catch(() => false);
      failures = lived ? 0 : failures + 1;
      const most = Math.min(reconnectMs.most, reconnectMs.first * 2 ** Math.min(failures, 20));
      await sleep(most * (0.5 + Math.random() / 2), signal).catch(() => {});
    }
  }

  /** One socket, from its ticket to its end. */
  async #stream(signal: AbortSignal): Promise<boolean> {
    const socket = this.#options.connect(await this.#options.ticket(signal));
    const lived = await followLive(socket, {
      signal,
      resumeToken: this.#resumeToken,
      onMessage: (message) => this.#take(message),
    });
    if (!lived) this.#resumeToken = undefined;
    this.#isLive = false;
    for (const order of this.#all()) order.reconsider();
    return lived;
  }

  #take({ kind, orders, resumeToken }: LiveMessage): void {
    this.#resumeToken = resumeToken || this.#resumeToken;
    this.#isLive = true;
    for (const { name, version } of orders) {
      for (const order of this.#watched.get(name) ?? []) order.tell(version);
    }
    if (kind !== 'SNAPSHOT') return;
    // It need not hold an order that is finished.
    const told = new Set(orders.map(({ name }) => name));
    for (const [name, all] of this.#watched) {
      if (!told.has(name)) for (const order of all) order.stir();
    }
  }

  #all(): WatchedOrder[] {
    return [...this.#watched.values()].flatMap((orders) => [...orders]);
  }
}

/** How long to wait for news of an order, in milliseconds: without a stream, and with one. */
export interface Patience {
  pollMs: number;
  checkMs: number;
}

/** One who watches an order. */
export class WatchedOrder {
  readonly end: () => void;
  readonly #stream: LiveOrders;
  /** The newest version that was told of. */
  #told = 0n;
  /** The version of the last look. */
  #seen = 0n;
  #isStirred = false;
  #wake: (() => void) | undefined;

  constructor(stream: LiveOrders, end: () => void) {
    this.#stream = stream;
    this.end = end;
  }

  tell(version: bigint): void {
    if (version > this.#told) this.#told = version;
    if (version > this.#seen) this.stir();
  }

  /** There may be news: ends the wait. */
  stir(): void {
    this.#isStirred = true;
    this.#wake?.();
  }

  /** Begins a wait that is under way anew, for the stream is there or gone. */
  reconsider(): void {
    this.#wake?.();
  }

  /** A look is begun, which finds whatever was told before. */
  look(): void {
    this.#isStirred = false;
  }

  /**
   * After a look that found that version: waits until it is time for the next one. Rejects with the
   * signal's reason.
   */
  async news(version: bigint, { pollMs, checkMs }: Patience, signal: AbortSignal): Promise<void> {
    this.#seen = version;
    const startMs = performance.now();
    while (!this.#isStirred) {
      // What is told of can be read by then; should it not be, polling finds it.
      const isTold = this.#stream.isLive && this.#told <= version;
      const leftMs = startMs + (isTold ? checkMs : pollMs) - performance.now();
      if (leftMs <= 0) return;
      await this.#pause(leftMs, signal);
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
    await sleep(ms, woken.signal).catch(() => {});
    this.#wake = undefined;
    signal.removeEventListener('abort', wake);
    signal.throwIfAborted();
  }
}
