import { duplicateWindowMs } from '#lib/nats/topology.ts';
import type { World } from './world.ts';

export interface Message {
  transportId: string;
  subject: string;
  headers: ReadonlyMap<string, string>;
  payload: Uint8Array;
}

export interface StoredMessage extends Message {
  sequence: number;
  timeMs: number;
}

export interface Unanswered {
  message: StoredMessage;
  deliveries: number;
  dueMs: number;
}

export interface Durable {
  name: string;
  filter: string;
  /** Where it reads on in the stream. */
  next: number;
  unanswered: Map<number, Unanswered>;
}

export interface Stream {
  messages: StoredMessage[];
  nextSequence: number;
  /** When each transport id was seen. */
  seen: Map<string, number>;
  durables: Map<string, Durable>;
}

/** Most messages of a stream that a power loss takes. */
const unsyncedMax = 12;

/** What a broker keeps on its disk, and the ways in which it loses that. */
export class Streams {
  readonly #world: World;
  #streams = new Map<string, Stream>();
  #copy: ReadonlyMap<string, Stream> = new Map();
  /** Messages that were acknowledged and are gone. */
  lost = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get names(): string[] {
    return [...this.#streams.keys()];
  }

  find(domain: string): Stream | undefined {
    return this.#streams.get(domain);
  }

  /** Made when it is missing, as publishers and consumers do it. */
  open(domain: string): Stream {
    let stream = this.#streams.get(domain);
    if (stream === undefined) {
      stream = { messages: [], nextSequence: 1, seen: new Map(), durables: new Map() };
      this.#streams.set(domain, stream);
    }
    return stream;
  }

  /** False when the window for duplicates knows the transport id. */
  store(domain: string, message: Message): boolean {
    const stream = this.open(domain);
    const seenMs = stream.seen.get(message.transportId);
    const { nowMs } = this.#world;
    if (seenMs !== undefined && nowMs - seenMs < duplicateWindowMs) return false;
    stream.seen.set(message.transportId, nowMs);
    stream.messages.push({ ...message, sequence: stream.nextSequence++, timeMs: nowMs });
    return true;
  }

  /** Whether nothing waits for an answer, and everything was delivered. */
  get drained(): boolean {
    for (const { durables, messages } of this.#streams.values()) {
      for (const { next, unanswered } of durables.values()) {
        if (unanswered.size > 0 || (messages.at(-1)?.sequence ?? 0) >= next) return false;
      }
    }
    return true;
  }

  wipe(): void {
    for (const { messages } of this.#streams.values()) this.lost += messages.length;
    this.#streams = new Map();
  }

  /** Keeps a copy of the disk for `restore`. */
  copy(): void {
    this.#copy = copyOf(this.#streams);
  }

  /** The disk is as it was when it was copied; empty when it never was. */
  restore(): void {
    this.#streams = copyOf(this.#copy);
  }

  /** The last messages and answers of each stream were not on the disk yet. */
  losePower(): void {
    for (const stream of this.#streams.values()) {
      const { messages } = stream;
      const unsynced = Math.min(messages.length, unsyncedMax);
      const lost = Math.floor(this.#world.random() * (unsynced + 1));
      this.lost += lost;
      messages.splice(messages.length - lost, lost);
      stream.nextSequence = (messages.at(-1)?.sequence ?? 0) + 1;
      stream.seen = new Map(messages.map((it) => [it.transportId, it.timeMs]));
      for (const durable of stream.durables.values()) {
        const back = Math.floor(this.#world.random() * 4);
        durable.next = Math.max(1, Math.min(durable.next, stream.nextSequence) - back);
        durable.unanswered.clear();
      }
    }
  }

  /** Limits, or an operator, remove what is stored; the ids that were seen stay seen. */
  purge(): void {
    for (const stream of this.#streams.values()) {
      this.lost += stream.messages.length;
      stream.messages.length = 0;
      for (const durable of stream.durables.values()) {
        durable.unanswered.clear();
        durable.next = stream.nextSequence;
      }
    }
  }

  /** What was answered long ago is delivered once more. */
  rewind(): void {
    for (const { durables } of this.#streams.values()) {
      for (const durable of durables.values()) durable.next = 1;
    }
  }
}

function copyOf(streams: ReadonlyMap<string, Stream>): Map<string, Stream> {
  return new Map(
    [...streams].map(([domain, { messages, nextSequence, seen, durables }]) => {
      const copies = [...durables].map(
        ([name, durable]) =>
          [name, { ...durable, unanswered: new Map(durable.unanswered) }] as const,
      );
      const stream = { messages: [...messages], nextSequence, seen: new Map(seen) };
      return [domain, { ...stream, durables: new Map(copies) }];
    }),
  );
}
