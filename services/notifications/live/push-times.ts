import { setTimeout as sleep } from 'node:timers/promises';
import { LiveMessage_Kind } from '#gen/purser/notifications/v1/live.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { insertPushes } from '../sql/pushes.ts';
import type { LiveText } from './live-messages.ts';

const writeMs = 500;
const writtenMax = 5_000;

/** While the database is away, times above this many are not kept; they would only be shown. */
const waitingMax = 50_000;

/**
 * Keeps when a change of an order was first sent to a stream, so that the order's way can be told
 * to its end. Written a moment later and many at a time: nobody waits for it.
 */
export class PushTimes {
  readonly #deps: ServiceDeps;
  readonly #waiting = new Map<string, Date>();
  readonly #stopping = new AbortController();
  #writes: Promise<void> = Promise.resolve();

  constructor(deps: ServiceDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#writes = this.#writeLoop();
  }

  /** Resolves when what it knows is written. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#writes;
    await this.#write();
  }

  /** These are being sent. */
  note(texts: readonly LiveText[]): void {
    for (const { message, position } of texts) {
      if (message.kind !== LiveMessage_Kind.ORDER || this.#waiting.has(position.eventId)) continue;
      if (this.#waiting.size < waitingMax) this.#waiting.set(position.eventId, this.#deps.clock());
    }
  }

  async #writeLoop(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(writeMs, undefined, { signal }).catch(() => {});
      await this.#write();
    }
  }

  async #write(): Promise<void> {
    const { database, log } = this.#deps;
    try {
      while (this.#waiting.size > 0) {
        const pushes = [...this.#waiting].slice(0, writtenMax);
        await database.single((tx) => insertPushes(tx, pushes));
        for (const [eventId] of pushes) this.#waiting.delete(eventId);
      }
    } catch (error) {
      log.warn({ error, waiting: this.#waiting.size }, 'times of pushes were not written');
    }
  }
}
