import { events } from '#gen/events.ts';
import {
  type Letter,
  type LetterFilter,
  resolveLetter,
  selectLetters,
} from '#lib/dead-letters/letters.ts';
import { type Republication, republish } from '#lib/outbox/republish.ts';
import { Database } from '#lib/pg/database.ts';

export type ServiceLetter = Letter & { service: string };

export interface Filter extends LetterFilter {
  service?: string | undefined;
}

/** What became of a wish to replay one letter. */
export type Replay =
  /** It is published again, or will be as soon as the relay comes to it. */
  | 'replayed'
  /** The broker has too much before it: try again later. */
  | 'congested'
  /** Its publisher's outbox has no such event: it was forged, or has been deleted. */
  | 'unknown event'
  /** The message names no event of ours that could be published again. */
  | 'no event'
  /** It died again meanwhile, and waits as before. */
  | 'died again';

const pageSize = 100;

/** The dead letters of all services, past the services: they may be down, or busy with dying. */
export class DeadLetters {
  readonly #databases: ReadonlyMap<string, Database>;

  private constructor(databases: ReadonlyMap<string, Database>) {
    this.#databases = databases;
  }

  /** Takes the address of each service's database, by the service's name. */
  static async open(addresses: Readonly<Record<string, string>>): Promise<DeadLetters> {
    const databases = new Map<string, Database>();
    for (const [name, url] of Object.entries(addresses)) {
      const options = { url, applicationName: 'purser-dlq', entities: [], poolSizeMax: 2 };
      databases.set(name, await Database.open(options));
    }
    return new DeadLetters(databases);
  }

  async close(): Promise<void> {
    for (const database of this.#databases.values()) await database.close();
  }

  /** Newest first over all services; the next page begins after the last letter's id. */
  async list(
    filter: Filter,
    { before, limit }: { before?: string | undefined; limit: number },
  ): Promise<ServiceLetter[]> {
    const all: ServiceLetter[] = [];
    for (const [service, database] of this.#databases) {
      if (filter.service !== undefined && filter.service !== service) continue;
      const page = { before, limit };
      const letters = await database.single((tx) => selectLetters(tx, filter, page));
      all.push(...letters.map((letter) => ({ ...letter, service })));
    }
    return all.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  }

  /** Those that there are, resolved or not, newest first. */
  async byIds(ids: readonly string[]): Promise<ServiceLetter[]> {
    return ids.length === 0 ? [] : this.list({ ids, resolved: true }, { limit: ids.length });
  }

  /** Every letter that is meant, a page of them in memory. */
  async *each(filter: Filter): AsyncGenerator<ServiceLetter> {
    let before: string | undefined;
    for (;;) {
      const page = await this.list(filter, { before, limit: pageSize });
      yield* page;
      if (page.length < pageSize) return;
      before = page.at(-1)!.id;
    }
  }

  /**
   * Publishes the letter's event once more, from the outbox that it came from: the same event under
   * the next publication number. So it takes the way of every message, through the service's own
   * consumer, its inbox and its guards; whoever else consumes it knows it already. Safe at any time
   * and any number of times.
   */
  async replay(letter: ServiceLetter): Promise<Replay> {
    const { service, source, eventId, type } = letter;
    const event = events[type as keyof typeof events];
    if (!eventId || !event) return 'no event';
    const publisher = source === 'outbox' ? service : event.domain;
    const outbox = this.#databases.get(publisher);
    const outcomes = await outbox?.single((tx) => republish(tx, [eventId]));
    const outcome = outcomes?.get(eventId) ?? 'missing';
    const refusal = refusals[outcome];
    if (refusal) return refusal;
    // Only now: a letter that is marked and not published would be lost.
    const own = this.#databases.get(service)!;
    const kept = await own.single((tx) => resolveLetter(tx, letter, 'REPLAYED'));
    return kept ? 'replayed' : 'died again';
  }

  /** Gives the letter up for good, for a reason that is kept; false when it changed meanwhile. */
  async discard(letter: ServiceLetter, reason: string): Promise<boolean> {
    if (reason.trim() === '') throw new Error('discarding a dead letter needs a reason');
    const own = this.#databases.get(letter.service)!;
    return own.single((tx) => resolveLetter(tx, letter, 'DISCARDED', reason));
  }
}

const refusals: Partial<Record<Republication, Replay>> = {
  missing: 'unknown event',
  congested: 'congested',
};
