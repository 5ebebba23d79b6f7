import type { Received } from '#lib/nats/delivery.ts';
import { eventHeaders } from '#lib/nats/event-headers.ts';
import type { Demand, Pull, PullSource } from '#lib/nats/pull-source.ts';
import { ackWaitMsDefault } from '#lib/nats/topology.ts';
import type {
  Hint,
  OutboxRow,
  PublishOutcome,
  RelayBroker,
  WakeHints,
} from '#lib/outbox/relay-ports.ts';
import {
  type Durable,
  type Message,
  type StoredMessage,
  Streams,
  type Unanswered,
} from './streams.ts';
import { type Entry, epochMs, type Host, type World } from './world.ts';

/** After this the outcome of a publish is unknown: `lib/nats/publisher.ts`. */
const publishTimeoutMs = 5_000;

interface OpenPull {
  host: Host;
  demand: Demand;
  end(reason: Error): void;
}

/** How often a message gets lost, comes twice, or is slow, each way, while it is stormy. */
export interface BrokerFaults {
  loss: number;
  duplicate: number;
  slow: number;
}

/** What others want to know of what the broker does. */
export interface BrokerWatch {
  acknowledged(message: Message): void;
  answered(host: Host, durable: string, message: Message, answer: 'ack' | 'term'): void;
}

/**
 * JetStream with limits retention, as far as Purser uses it: streams, durable consumers shared by
 * pulls, a window for duplicates, acknowledgements that may get lost; and what a broker may do that
 * the databases may not: lose what it has acknowledged.
 */
export class SimulatedBroker {
  readonly world: World;
  faults: BrokerFaults = { loss: 0, duplicate: 0, slow: 0 };
  up = true;
  /** The mutant that drops publication numbers has another one. */
  transportIdOf: (headers: ReadonlyMap<string, string>) => string = (headers) =>
    headers.get('Nats-Msg-Id')!;
  readonly counts = { redelivered: 0, duplicates: 0, unknown: 0, refused: 0 };
  readonly disk: Streams;
  readonly #watch: BrokerWatch;
  readonly #pulls = new Map<string, Set<OpenPull>>();
  readonly #listeners: { service: string; host: Host; listen(hint: Hint): void }[] = [];
  #waiting: (() => void)[] = [];
  #held: (() => void)[] | undefined;
  #redelivery: Entry | undefined;

  constructor(world: World, watch: BrokerWatch) {
    this.world = world;
    this.disk = new Streams(world);
    this.#watch = watch;
  }

  // The broker's host and its disk.

  stop(): void {
    this.up = false;
    for (const pulls of this.#pulls.values()) {
      for (const pull of pulls) pull.host.run(() => pull.end(new Error('disconnected')));
    }
    this.#pulls.clear();
  }

  start(): void {
    this.up = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const open of waiting) this.world.after(this.world.between(1, 300), open);
    this.#pumpAll();
  }

  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const happen of held) this.world.after(0, happen);
    this.#pumpAll();
  }

  /** Delivers once more what was answered long ago. */
  rewind(): void {
    this.disk.rewind();
    this.#pumpAll();
  }

  /** Stores a message that no relay has published. */
  inject(domain: string, message: Message): void {
    this.disk.store(domain, message);
    this.#pump(domain);
  }

  /** When something is delivered again, if nothing happens before. */
  get nextDueMs(): number {
    return this.#redelivery?.run ? this.#redelivery.atMs : Number.POSITIVE_INFINITY;
  }

  // What relays see.

  relayBroker(host: Host, domain: string): RelayBroker {
    return { publish: (rows) => this.#publish(host, domain, rows) };
  }

  #publish(host: Host, domain: string, rows: readonly OutboxRow[]): Promise<PublishOutcome[]> {
    const { world } = this;
    return new Promise((resolve) => {
      const outcomes: PublishOutcome[] = rows.map(() => ({ kind: 'unknown', cause: noAnswer }));
      const answer = () => host.run(() => resolve(outcomes));
      if (!this.up) return void world.after(0.1, answer);
      const messages = rows.map((row) => messageOf(row, domain, this.transportIdOf));
      this.#travel(() => {
        let waits = !this.up;
        for (const [index, message] of messages.entries()) {
          if (!this.up || this.#isLost()) continue;
          const outcome = this.#accept(domain, message);
          if (this.#isLost()) continue;
          outcomes[index] = outcome;
          if (outcome.kind === 'stored') this.#watch.acknowledged(message);
        }
        waits ||= outcomes.some(({ kind }) => kind === 'unknown');
        if (waits) this.counts.unknown += 1;
        this.#pump(domain);
        if (waits) world.after(publishTimeoutMs, answer);
        else if (world.chance(0.3)) world.after(this.#latencyMs(), answer);
        else answer();
      });
    });
  }

  #accept(domain: string, message: Message): PublishOutcome {
    if (message.payload.length > 1_000) {
      this.counts.refused += 1;
      return { kind: 'refused', cause: tooLarge };
    }
    const duplicate = !this.disk.store(domain, message);
    if (duplicate) this.counts.duplicates += 1;
    this.world.note(() => {
      const what = duplicate ? 'drops the duplicate' : 'stores';
      return `broker ${what} ${message.headers.get('ce-type')} ${message.transportId}`;
    });
    return { kind: 'stored', duplicate };
  }

  // What consumers see.

  pullSource(host: Host, spec: { domain: string; durable: string; filter: string }): PullSource {
    return {
      ackWaitMs: ackWaitMsDefault,
      open: (demand) =>
        new Promise((resolve) => {
          const open = () =>
            host.run(() => {
              if (this.up) resolve(this.#open(host, spec, demand));
              else this.#waiting.push(open);
            });
          open();
        }),
    };
  }

  #open(
    host: Host,
    { domain, durable, filter }: { domain: string; durable: string; filter: string },
    demand: Demand,
  ): Pull {
    const key = `${domain} ${durable}`;
    const { durables, messages } = this.disk.open(domain);
    if (!durables.has(durable)) {
      durables.set(durable, { name: durable, filter, next: 1, unanswered: new Map() });
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
    const pull: OpenPull = { host, demand, end };
    const pulls = this.#pulls.get(key) ?? new Set();
    this.#pulls.set(key, pulls.add(pull));
    const leave = () => void pulls.delete(pull);
    host.onDeath.push(leave);
    if (messages.length > 0) this.world.after(this.#latencyMs(), () => this.#pump(domain));
    return {
      ended,
      refill: () => {},
      close: async () => {
        leave();
        end(new Error('closed'));
      },
    };
  }

  /** Ends one process's pulls: its connection broke. */
  disconnect(host: Host): void {
    for (const pulls of this.#pulls.values()) {
      for (const pull of pulls) {
        if (pull.host !== host) continue;
        pulls.delete(pull);
        host.run(() => pull.end(new Error('disconnected')));
      }
    }
  }

  #pumpAll(): void {
    for (const domain of this.disk.names) this.#pump(domain);
  }

  /** Delivers what can be delivered. */
  #pump(domain: string): void {
    if (!this.up || this.#held) return;
    const stream = this.disk.find(domain);
    for (const durable of stream?.durables.values() ?? []) {
      const pulls = [...(this.#pulls.get(`${domain} ${durable.name}`) ?? [])];
      if (pulls.length === 0) continue;
      for (const [sequence, { message, deliveries, dueMs }] of durable.unanswered) {
        if (dueMs > this.world.nowMs) continue;
        this.counts.redelivered += 1;
        const again = { message, deliveries: deliveries + 1, dueMs: this.#dueMs() };
        durable.unanswered.set(sequence, again);
        this.#send(pulls, { domain, durable, unanswered: again });
      }
      for (const message of stream!.messages) {
        if (message.sequence < durable.next || !message.subject.startsWith(durable.filter))
          continue;
        const unanswered = { message, deliveries: 1, dueMs: this.#dueMs() };
        durable.unanswered.set(message.sequence, unanswered);
        this.#send(pulls, { domain, durable, unanswered });
      }
      durable.next = Math.max(durable.next, stream!.nextSequence);
    }
    this.#watchAnswers();
  }

  #dueMs(): number {
    return this.world.nowMs + ackWaitMsDefault;
  }

  #send(
    pulls: readonly OpenPull[],
    { domain, durable, unanswered }: { domain: string; durable: Durable; unanswered: Unanswered },
  ): void {
    const pull = this.world.pick(pulls)!;
    const { message, deliveries } = unanswered;
    const received = this.#received(pull.host, { domain, durable, message, deliveries });
    const arrive = () => pull.host.run(() => pull.demand.onMessage(received));
    const { stormy } = this.world;
    if (stormy && this.world.chance(this.faults.duplicate)) {
      this.world.after(this.#latencyMs(), arrive);
    }
    if (!this.#isLost()) this.world.after(this.#latencyMs(), arrive);
  }

  #received(
    host: Host,
    of: { domain: string; durable: Durable; message: StoredMessage; deliveries: number },
  ): Received {
    const { domain, durable, message, deliveries } = of;
    const { sequence, timeMs } = message;
    const answer = (change: (durable: Durable) => void) => {
      if (!host.alive || this.#isLost()) return;
      // Found by name and number when it arrives: a late answer may meet another message there.
      this.#travel(() => {
        const there = this.disk.find(domain)?.durables.get(durable.name);
        if (!this.up || !there) return;
        change(there);
        this.#pump(domain);
      });
    };
    const remove = (there: Durable) => void there.unanswered.delete(sequence);
    const later = (there: Durable, delayMs: number) => {
      const unanswered = there.unanswered.get(sequence);
      if (unanswered) unanswered.dueMs = this.world.nowMs + delayMs;
    };
    return {
      subject: message.subject,
      headers: message.headers,
      payload: message.payload,
      deliveries,
      streamed: { sequence: BigInt(sequence), time: new Date(epochMs + timeMs) },
      ack: () => {
        this.#watch.answered(host, durable.name, message, 'ack');
        answer(remove);
      },
      term: () => {
        this.#watch.answered(host, durable.name, message, 'term');
        answer(remove);
      },
      nak: (delayMs = 0) => answer((there) => later(there, delayMs)),
      working: () => answer((there) => later(there, ackWaitMsDefault)),
    };
  }

  /** Looks again when the first unanswered message is due. */
  #watchAnswers(): void {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const domain of this.disk.names) {
      for (const { name, unanswered } of this.disk.find(domain)!.durables.values()) {
        // Who pulls next looks by himself.
        if (!this.#pulls.get(`${domain} ${name}`)?.size) continue;
        for (const message of unanswered.values()) dueMs = Math.min(dueMs, message.dueMs);
      }
    }
    if (this.#redelivery?.run && this.#redelivery.atMs === dueMs) return;
    if (this.#redelivery) this.world.cancel(this.#redelivery);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const look = () => {
      this.#pumpAll();
    };
    this.#redelivery = this.world.after(Math.max(1, dueMs - this.world.nowMs), look, true);
  }

  // Hints between the instances of a service.

  hints(host: Host, service: string): WakeHints {
    return {
      send: (hint) => {
        if (!this.up) return;
        for (const { service: of, host: to, listen } of this.#listeners) {
          if (of !== service || this.#isLost()) continue;
          this.world.after(this.#latencyMs(), () => to.run(() => listen(hint)));
        }
      },
      listen: (listen) => {
        this.#listeners.push({ service, host, listen });
      },
    };
  }

  // The way there.

  #isLost(): boolean {
    return this.world.stormy && this.world.chance(this.faults.loss);
  }

  #latencyMs(): number {
    const { world, faults } = this;
    if (world.stormy && world.chance(faults.slow)) return world.between(1, 3_000);
    return world.between(0.1, 1);
  }

  #travel(arrive: () => void): void {
    const happen = () => {
      if (this.#held) this.#held.push(arrive);
      else arrive();
    };
    this.world.after(this.#latencyMs(), happen);
  }
}

const noAnswer = new Error('no answer from the broker');
const tooLarge = new Error('maximum payload exceeded');

/** The message of a row, with the headers of `lib/nats/event-headers.ts`. */
function messageOf(
  row: OutboxRow,
  domain: string,
  transportIdOf: (headers: ReadonlyMap<string, string>) => string,
): Message {
  const headers = new Map<string, string>();
  for (const { name, value } of eventHeaders) {
    const text = value(row, `purser/${domain}`);
    if (text !== undefined) headers.set(name, text);
  }
  const { subject, payload } = row;
  return { transportId: transportIdOf(headers), subject, headers, payload };
}
