import { type Msg, type NatsConnection, nanos, type Subscription } from '@nats-io/transport-node';
import type { Broker } from './broker.ts';
import type { Received, Streamed } from './delivery.ts';
import { readHeaders } from './headers.ts';
import { ackWaitMsDefault, type DurableSpec, ensureDurable } from './topology.ts';

/** Where a consumer's messages come from. */
export interface PullSource {
  /** After this, in milliseconds, an unanswered message is delivered again. */
  readonly ackWaitMs: number;
  /** Waits for the broker, makes what is missing there, and starts to pull. */
  open(demand: Demand): Promise<Pull>;
}

export interface Demand {
  /** How many more messages the consumer has room for. */
  room(): number;
  onMessage(message: Received): void;
}

export interface Pull {
  /** Call when room was made. */
  refill(): void;
  /** Resolves with the reason when no more messages will come: open another one. */
  readonly ended: Promise<Error>;
  /**
   * Ends the pull; resolves when the last message that was on its way has come. Messages can still
   * be answered afterwards.
   */
  close(): Promise<void>;
}

/** How long one request stands at the server, and how often the server says that it still does. */
const requestMs = 30_000;
const heartbeatMs = 1_000;

/** The messages of a durable consumer of JetStream. */
export function pullSource(options: DurableSpec & { broker: Broker }): PullSource {
  const { broker, ...spec } = options;
  return {
    ackWaitMs: spec.ackWaitMs ?? ackWaitMsDefault,
    async open(demand) {
      const connection = await broker.connected();
      await ensureDurable(connection, spec);
      return new DurablePull({ broker, connection, spec, demand });
    },
  };
}

/**
 * Pull requests by JetStream's protocol. The client's own `consume()` asks for more when messages
 * arrive, not when they are handled, and waits up to half a minute between its attempts to recover;
 * here the buffer is bounded, and whatever looks wrong ends the pull so that a fresh one is opened.
 */
class DurablePull implements Pull {
  readonly #connection: NatsConnection;
  readonly #broker: Broker;
  readonly #demand: Demand;
  readonly #requestSubject: string;
  readonly #subscription: Subscription;
  readonly #end = Promise.withResolvers<Error>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #stopListening: () => void;
  /** Messages asked for and not yet received. */
  #outstanding = 0;
  #sign = true;
  #missed = 0;
  /** Set when the pull ended. */
  #drained: Promise<void> | undefined;

  constructor(options: {
    broker: Broker;
    connection: NatsConnection;
    spec: DurableSpec;
    demand: Demand;
  }) {
    const { broker, connection, spec, demand } = options;
    this.#broker = broker;
    this.#connection = connection;
    this.#demand = demand;
    this.#requestSubject = `$JS.API.CONSUMER.MSG.NEXT.${spec.stream.name}.${spec.durable}`;
    const inbox = broker.newInbox();
    this.#subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) this.#finish(error);
        else this.#receive(message);
      },
    });
    this.#heartbeat = setInterval(() => this.#listenForHeart(), heartbeatMs);
    // The server forgot the requests that it had; asking anew is faster than missing heartbeats.
    this.#stopListening = broker.onReconnect(() => this.#finish(new Error('reconnected')));
    this.refill();
  }

  get ended(): Promise<Error> {
    return this.#end.promise;
  }

  async close(): Promise<void> {
    this.#finish(new Error('closed'));
    await this.#drained;
  }

  /** Asks in quarters of the room, so that single messages do not cost a request each. */
  refill(): void {
    if (this.#drained !== undefined) return;
    const room = this.#demand.room();
    const missing = room - this.#outstanding;
    if (missing <= 0 || (this.#outstanding > 0 && missing < room / 4)) return;
    if (this.#outstanding === 0) this.#sign = true;
    this.#outstanding += missing;
    const request = {
      batch: missing,
      expires: nanos(requestMs),
      idle_heartbeat: nanos(heartbeatMs),
    };
    try {
      this.#connection.publish(this.#requestSubject, JSON.stringify(request), {
        reply: this.#subscription.getSubject(),
      });
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  #receive(message: Msg): void {
    this.#sign = true;
    if (message.reply !== undefined && message.reply.startsWith('$JS.ACK.')) {
      this.#outstanding = Math.max(0, this.#outstanding - 1);
      this.#demand.onMessage(new DurableMessage(this.#broker, message));
      if (this.#outstanding === 0) this.refill();
    } else {
      this.#readStatus(message);
    }
  }

  /**
   * 100: alive. 408: a request ran out, so many of its messages did not come. Others: start over.
   */
  #readStatus(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    const unserved = Number(message.headers?.get('Nats-Pending-Messages') || Number.NaN);
    if (code === 408 && unserved > 0) {
      this.#outstanding = Math.max(0, this.#outstanding - unserved);
      this.refill();
    } else {
      const description = message.headers?.description ?? 'unknown status';
      this.#finish(new Error(`the pull request ended: ${code} ${description}`));
    }
  }

  /** The first silent interval may have begun before the request. */
  #listenForHeart(): void {
    this.#missed = this.#sign || this.#outstanding === 0 ? 0 : this.#missed + 1;
    this.#sign = false;
    if (this.#missed >= 2) this.#finish(new Error('the consumer sends no heartbeats'));
  }

  /**
   * The server may have sent messages that nobody else gets before their time to answer is over.
   */
  #finish(reason: Error): void {
    clearInterval(this.#heartbeat);
    this.#stopListening();
    this.#drained ??= this.#subscription.drain().catch(() => {});
    this.#end.resolve(reason);
  }
}

class DurableMessage implements Received {
  readonly #broker: Broker;
  readonly #message: Msg;
  readonly #places: readonly string[];
  readonly headers: ReadonlyMap<string, string>;

  constructor(broker: Broker, message: Msg) {
    this.#broker = broker;
    this.#message = message;
    this.#places = placesOf(message.reply ?? '');
    this.headers = readHeaders(message);
  }

  get subject(): string {
    return this.#message.subject;
  }

  get payload(): Uint8Array {
    return this.#message.data;
  }

  get deliveries(): number {
    return Number(this.#places[0]);
  }

  get streamed(): Streamed | undefined {
    const [, sequence, , time] = this.#places;
    if (!sequence || !time || !/^\d+ \d+$/.test(`${sequence} ${time}`)) return undefined;
    return { sequence: BigInt(sequence), time: new Date(Number(BigInt(time) / 1_000_000n)) };
  }

  get pending(): number | undefined {
    const pending = Number(this.#places[4]);
    return Number.isSafeInteger(pending) ? pending : undefined;
  }

  ack(): void {
    this.#answer('+ACK');
  }

  nak(delayMs?: number): void {
    if (delayMs === undefined) this.#answer('-NAK');
    else this.#answer(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  }

  term(): void {
    this.#answer('+TERM');
  }

  working(): void {
    this.#answer('+WPI');
  }

  /**
   * A lost answer costs a redelivery, which the inbox makes harmless; so nothing waits for it, and
   * nothing is buffered for a server that is away.
   */
  #answer(text: string): void {
    if (!this.#broker.isConnected()) return;
    try {
      this.#message.respond(text);
    } catch {
      // The connection closed this very moment. Left unanswered, the message comes again.
    }
  }
}

/**
 * $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>
 * .<pending>; with domain and account there are two tokens more.
 */
function placesOf(reply: string): string[] {
  const tokens = reply.split('.');
  return tokens.slice(tokens.length > 9 ? 6 : 4);
}
