import { PurserError } from '#lib/errors/purser-error.ts';

export interface RateLimitOptions {
  /** Requests a second of one key, over all instances. */
  perSecond: number;
  /** How many instances share the limit; each grants its part. */
  instances: number;
  /** The time in milliseconds; never goes back. */
  now?: () => number;
}

/** A key that was quiet may do what it has missed of so many seconds at once. */
const burstSeconds = 2;

/**
 * How many requests each key may make: a token bucket, kept as the one number of the Generic Cell
 * Rate Algorithm (ITU-T I.371, annex A; Brandur Leach, "Rate limiting, cells, and GCRA", 2015): the
 * time at which its bucket is full again. Each instance grants its part of the limit and asks
 * nobody, so a request costs a look into a map, and all instances together grant no more than the
 * limit, however requests are spread over them.
 *
 * A bucket that is full need not be remembered. Filling one takes a period, so what nobody asked
 * for in a whole one is dropped with the older of two maps: memory is bounded by the requests of
 * two periods, whatever keys strangers invent.
 */
export class RateLimit {
  readonly #gapMs: number;
  readonly #slackMs: number;
  readonly #now: () => number;
  readonly #periodMs: number;
  #fullAt = new Map<string, number>();
  #older = new Map<string, number>();
  #turnAt: number;

  constructor({ perSecond, instances, now = () => performance.now() }: RateLimitOptions) {
    this.#gapMs = (1_000 * instances) / perSecond;
    // One request must always be possible, however small the part is.
    this.#periodMs = Math.max(burstSeconds * 1_000, this.#gapMs);
    this.#slackMs = this.#periodMs - this.#gapMs;
    this.#now = now;
    this.#turnAt = now() + this.#periodMs;
  }

  /** Counts one request of the key; throws RATE_LIMITED, with the time to come again, instead. */
  take(key: string): void {
    const now = this.#now();
    if (now >= this.#turnAt) this.#turn(now);
    const fullAt = Math.max(now, this.#fullAt.get(key) ?? this.#older.get(key) ?? now);
    const waitMs = fullAt - now - this.#slackMs;
    if (waitMs > 0) {
      throw new PurserError('RATE_LIMITED', {}, { retryDelayMs: Math.ceil(waitMs) });
    }
    this.#fullAt.set(key, fullAt + this.#gapMs);
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#fullAt.size + this.#older.size;
  }

  #turn(now: number): void {
    this.#older = now < this.#turnAt + this.#periodMs ? this.#fullAt : new Map();
    this.#fullAt = new Map();
    this.#turnAt = now + this.#periodMs;
  }
}
