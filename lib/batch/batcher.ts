import { PurserError } from '#lib/errors/purser-error.ts';
import { isTransient as isTransientDatabaseError } from '#lib/pg/failure.ts';
import { type Clock, systemClock } from '#lib/time/clock.ts';
import { traceEach } from '#lib/trace/tracing.ts';
import { batchItems, batchRefusals } from './batch-metrics.ts';
import { gatherMs } from './gather.ts';
import { isolate } from './isolate.ts';
import { systemTiming, type Timing } from './timing.ts';

export interface BatcherOptions<In, Out> {
  /** Label of the metrics, such as `insert-orders`. */
  name: string;
  /**
   * Does all of `items` in one transaction, or none of them when it throws. Returns one outcome per
   * item, in their order; an outcome that is an `Error` rejects only its item.
   */
  run(items: In[]): Promise<(Out | Error)[]>;
  /** Most items of one run. */
  sizeMax: number;
  /**
   * Most items that wait. More are refused at once, so that latency stays bounded under overload.
   */
  queueMax: number;
  /** Most runs at a time, 1 by default: more than one lets them wait for each other's row locks. */
  inFlightMax?: number;
  /**
   * Longest pause after a run in which items come in a crowd, in milliseconds, so that the next run
   * does more of them (`gatherMs`). 0 by default.
   */
  gatherMsMax?: number;
  /**
   * Errors after which running the items one by one would fail just as well. Default: the
   * database's.
   */
  isTransient?: (error: unknown) => boolean;
  clock?: Clock;
  timing?: Timing;
}

export interface SubmitOptions {
  /** The item is dropped when its run starts after this. */
  deadline?: Date | undefined;
  /** The item is dropped when this aborted before its run starts. */
  signal?: AbortSignal | undefined;
  /** W3C trace parent of what submits it. */
  traceparent?: string | undefined;
}

interface Entry<In, Out> extends SubmitOptions {
  item: In;
  resolve(outcome: Out): void;
  reject(error: unknown): void;
}

/**
 * Natural batching: an idle batcher runs an item at once; while runs are in flight arrivals queue,
 * and the next run takes them all. No latency is added at low load, and under load the batch grows
 * by itself to what arrives during one run, and the pause after it where there is one.
 */
export class Batcher<In, Out> {
  readonly #options: Required<BatcherOptions<In, Out>>;
  #queue: Entry<In, Out>[] = [];
  #inFlight = 0;
  #scheduled = false;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(options: BatcherOptions<In, Out>) {
    this.#options = {
      inFlightMax: 1,
      gatherMsMax: 0,
      isTransient: isTransientDatabaseError,
      clock: systemClock,
      timing: systemTiming,
      ...options,
    };
    // The first refusals are seen as a rise only from a value that was there before.
    batchRefusals.inc({ batch: options.name }, 0);
  }

  /**
   * Resolves with the item's outcome once its run is over. Rejects with its own error, or with
   * `OVERLOADED` (queue full or closed), `DEADLINE_EXCEEDED` or `CANCELLED`, in which cases nothing
   * was done. Once the run started, the outcome stands whatever becomes of deadline and signal.
   */
  submit(item: In, { deadline, signal, traceparent }: SubmitOptions = {}): Promise<Out> {
    if (this.#closed || this.#queue.length >= this.#options.queueMax) {
      batchRefusals.inc({ batch: this.#options.name });
      return Promise.reject(new PurserError('OVERLOADED'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    // One by one: options may be a call, whose logger is made when it is first looked at.
    this.#queue.push({ item, resolve, reject, deadline, signal, traceparent });
    this.#schedule();
    return promise;
  }

  /** Refuses new items, and resolves when all that were accepted are settled. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inFlight === 0 && this.#queue.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  /** A microtask later, so that items submitted in one go share the first run as well. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#startRuns();
    });
  }

  #startRuns(): void {
    while (this.#inFlight < this.#options.inFlightMax && this.#queue.length > 0) {
      const entries = this.#queue.splice(0, this.#options.sizeMax);
      this.#inFlight += 1;
      void this.#settle(entries).then(async () => {
        await this.#gather(entries.length);
        this.#inFlight -= 1;
        this.#startRuns();
        if (this.#inFlight === 0) this.#onIdle?.();
      });
    }
  }

  async #gather(count: number): Promise<void> {
    const { gatherMsMax, timing } = this.#options;
    const pauseMs = this.#queue.length < count ? gatherMs(count, gatherMsMax) : 0;
    if (pauseMs > 0 && !this.#closed) await timing.sleep(pauseMs);
  }

  async #settle(entries: Entry<In, Out>[]): Promise<void> {
    await isolate(
      entries,
      (part) => this.#run(part),
      (entry, error) => entry.reject(error),
    );
  }

  /** Settles every entry, or throws and settles only those that were dropped. */
  async #run(entries: readonly Entry<In, Out>[]): Promise<void> {
    const live = entries.filter((entry) => !this.#drop(entry));
    if (live.length === 0) return;
    batchItems.observe({ batch: this.#options.name }, live.length);
    let outcomes: (Out | Error)[];
    try {
      outcomes = await traceEach(`batch ${this.#options.name}`, live, () =>
        this.#options.run(live.map(({ item }) => item)),
      );
    } catch (error) {
      if (!this.#options.isTransient(error)) throw error;
      for (const entry of live) entry.reject(error);
      return;
    }
    if (outcomes.length !== live.length) {
      // The work is committed: running it again would do it twice.
      const error = new Error(
        `${this.#options.name} returned ${outcomes.length} outcomes for ${live.length} items`,
      );
      for (const entry of live) entry.reject(error);
      return;
    }
    live.forEach((entry, index) => {
      const outcome = outcomes[index] as Out | Error;
      if (outcome instanceof Error) entry.reject(outcome);
      else entry.resolve(outcome);
    });
  }

  #drop(entry: Entry<In, Out>): boolean {
    if (entry.signal?.aborted) {
      entry.reject(new PurserError('CANCELLED'));
      return true;
    }
    if (entry.deadline !== undefined && entry.deadline <= this.#options.clock()) {
      entry.reject(new PurserError('DEADLINE_EXCEEDED'));
      return true;
    }
    return false;
  }
}
