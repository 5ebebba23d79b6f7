import type { Logger } from 'pino';
import type { Timing } from '#lib/batch/timing.ts';
import type { Cursor, Death, LeaseKey, OutboxRow, RelayStore } from './relay-ports.ts';

export interface LeaseOptions {
  store: RelayStore;
  holder: string;
  leaseMs: number;
  timing: Timing;
  log: Logger;
}

/**
 * The right to publish one outbox, as its holder sees it. The database decides who holds it, by its
 * own clock. The holder counts from before it asked, so it stops believing no later than the
 * database does, even when it was frozen in between.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #key: LeaseKey;
  readonly #closed = new AbortController();
  #until: number;
  #cursor: Cursor;

  /**
   * Undefined while another instance holds it. The new lease renews itself until it is released.
   */
  static async acquire(options: LeaseOptions): Promise<Lease | undefined> {
    const askedAt = options.timing.now();
    const grant = await options.store.acquire(options.holder, options.leaseMs);
    return grant && new Lease(options, grant, askedAt);
  }

  private constructor(
    options: LeaseOptions,
    grant: { term: bigint; cursor: Cursor },
    askedAt: number,
  ) {
    this.#options = options;
    this.#key = { holder: options.holder, term: grant.term };
    this.#cursor = grant.cursor;
    this.#until = askedAt + options.leaseMs;
    void this.#renew();
  }

  get held(): boolean {
    return !this.#closed.signal.aborted && this.#options.timing.now() < this.#until;
  }

  /** How far the outbox is published. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Moves the cursor; false when the lease is lost. */
  async advance(to: Cursor): Promise<boolean> {
    const { store, leaseMs } = this.#options;
    const kept = await this.#extend(() => store.advance(this.#key, to, leaseMs));
    if (kept) this.#cursor = to;
    return kept;
  }

  /** Keeps a row in dead_letters and moves the cursor over it; false when the lease is lost. */
  async bury(row: OutboxRow, death: Death): Promise<boolean> {
    const { store, leaseMs } = this.#options;
    const kept = await this.#extend(() => store.bury(this.#key, row, death, leaseMs));
    if (kept) this.#cursor = row.after;
    return kept;
  }

  /** Lets another instance take over at once. */
  async release(): Promise<void> {
    this.#closed.abort();
    await this.#options.store.release(this.#key);
  }

  async #extend(write: () => Promise<boolean>): Promise<boolean> {
    const askedAt = this.#options.timing.now();
    const kept = await write();
    if (kept) this.#until = Math.max(this.#until, askedAt + this.#options.leaseMs);
    else this.#closed.abort();
    return kept;
  }

  /** Three times per lease: two lost renewals in a row do not cost it. */
  async #renew(): Promise<void> {
    const { store, leaseMs, timing, log } = this.#options;
    const { signal } = this.#closed;
    for (;;) {
      await timing.sleep(leaseMs / 3, signal);
      if (!this.held) return;
      try {
        await this.#extend(() => store.renew(this.#key, leaseMs));
      } catch (error) {
        log.warn({ err: error }, 'the outbox lease could not be renewed');
      }
    }
  }
}
