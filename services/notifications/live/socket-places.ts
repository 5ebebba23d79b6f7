import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Batcher } from '#lib/batch/batcher.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '#lib/pg/database.ts';
import { holdSockets, releaseInstance, renewInstance } from '../sql/hold-sockets.ts';

export interface SocketPlacesOptions {
  database: Database;
  log: Logger;
  /** Open WebSockets of a user, over all instances. */
  max: number;
  /** For so long an instance that was killed keeps its places; 6,000 by default. */
  leaseMs?: number;
}

/** A user who has one socket more, or one who has one less. */
interface Wish {
  userId: string;
  opens: boolean;
}

/**
 * The places that a user's WebSockets take, over all instances. The database has for each user who
 * holds them; an instance writes how many it wants, so that a write that is lost is made good by
 * the next. What an instance holds counts as long as it renews its one lease.
 */
export class SocketPlaces {
  readonly #options: Required<SocketPlacesOptions>;
  readonly #instanceId = randomUUID();
  /** Sockets that are open here. */
  readonly #counts = new Map<string, number>();
  /** Users of whom the database may have another count. */
  readonly #unsure = new Set<string>();
  readonly #writes: Batcher<Wish, boolean>;
  readonly #stopping = new AbortController();
  /** Until then others count what is held here; by performance.now(). */
  #leasedUntil = 0;
  #renewals: Promise<void> = Promise.resolve();

  constructor(options: SocketPlacesOptions) {
    this.#options = { leaseMs: 6_000, ...options };
    this.#writes = new Batcher({
      name: 'live-sockets',
      run: (wishes) => this.#write(wishes),
      sizeMax: 200,
      queueMax: 20_000,
    });
  }

  start(): void {
    this.#renewals = this.#renewLoop();
  }

  /** Resolves when everything is let go. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#renewals, this.#writes.close()]);
    // One that cannot be told counts until the lease is over.
    await this.#options.database
      .single((tx) => releaseInstance(tx, this.#instanceId))
      .catch(() => {});
  }

  /** Takes a place; throws LIVE_SOCKET_LIMIT when there is none. `leave` it. */
  async take(userId: string): Promise<void> {
    if (await this.#writes.submit({ userId, opens: true })) return;
    throw new PurserError('LIVE_SOCKET_LIMIT', { limit: String(this.#options.max) });
  }

  leave(userId: string): void {
    this.#add(userId, -1);
    this.#confirm(userId);
  }

  /** Makes the database's count of the user the true one, now or later. */
  #confirm(userId: string): void {
    this.#writes.submit({ userId, opens: false }).catch(() => this.#unsure.add(userId));
  }

  #add(userId: string, more: number): void {
    const count = (this.#counts.get(userId) ?? 0) + more;
    if (count > 0) this.#counts.set(userId, count);
    else this.#counts.delete(userId);
  }

  /** For each wish whether it has a place. */
  async #write(wishes: readonly Wish[]): Promise<boolean[]> {
    const before = new Map(
      wishes.map(({ userId }) => [userId, this.#counts.get(userId) ?? 0] as const),
    );
    const wanted = new Map(before);
    for (const { userId, opens } of wishes) {
      if (opens) wanted.set(userId, wanted.get(userId)! + 1);
    }
    if (performance.now() > this.#leasedUntil) await this.#renew();
    const { database, max } = this.#options;
    const held = await database.single((tx) =>
      holdSockets(tx, { instanceId: this.#instanceId, wanted, max }),
    );
    const places = new Map(
      [...held].map(([userId, count]) => [userId, count - before.get(userId)!]),
    );
    return wishes.map(({ userId, opens }) => {
      if (!opens) return true;
      const left = places.get(userId) ?? 0;
      places.set(userId, left - 1);
      if (left > 0) this.#add(userId, 1);
      return left > 0;
    });
  }

  async #renew(): Promise<void> {
    const { database, leaseMs } = this.#options;
    const lease = { instanceId: this.#instanceId, leaseMs };
    const asked = performance.now();
    const held = await database.single((tx) => renewInstance(tx, lease));
    this.#leasedUntil = asked + leaseMs;
    // Meanwhile others may have taken what was held here.
    if (!held) for (const userId of this.#counts.keys()) this.#unsure.add(userId);
  }

  async #renewLoop(): Promise<void> {
    const { signal } = this.#stopping;
    const { leaseMs, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#renew();
        for (const userId of this.#unsure) {
          this.#unsure.delete(userId);
          this.#confirm(userId);
        }
      } catch (error) {
        log.warn({ error }, 'the lease of the open sockets was not renewed');
      }
      await sleep(leaseMs / 3, undefined, { signal }).catch(() => {});
    }
  }
}
