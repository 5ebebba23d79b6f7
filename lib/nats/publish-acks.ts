import { JetStreamApiError } from '@nats-io/jetstream';
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';

/** The broker has stored a message, or had stored one of the same id before. */
export interface PublishAck {
  /** Place in the stream, from 1. */
  sequence: number;
  duplicate: boolean;
}

export interface PublishAcksOptions {
  connection: NatsConnection;
  /** A subject for answers that nobody else uses. */
  inbox: string;
  /** How long an answer may take, in milliseconds. */
  timeoutMs: number;
}

interface Waiting {
  dueMs: number;
  /** Undefined once it is known: a Map may keep what was in it, see `Bag`. */
  outcome: Pick<PromiseWithResolvers<PublishAck>, 'resolve' | 'reject'> | undefined;
}

type Answer = {
  seq: number;
  duplicate?: boolean;
  error?: ConstructorParameters<typeof JetStreamApiError>[0];
};

/**
 * Publishes to JetStream and waits for the acknowledgements, all of them on one subscription and
 * under one timer. The client's own `publish` makes a request of each message, with a timer and an
 * Error of its own: that was a tenth of what Orders did.
 */
export class PublishAcks {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  readonly #timeoutMs: number;
  /** By the last token of the subject to answer to; the first is the longest waiting. */
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor({ connection, inbox, timeoutMs }: PublishAcksOptions) {
    this.#connection = connection;
    this.#inbox = inbox;
    this.#timeoutMs = timeoutMs;
    connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error) this.abandon(error);
        else this.#receive(message);
      },
    });
  }

  /**
   * Rejects with the client's error when the message cannot be sent, with a JetStreamApiError when
   * the broker says why it does not take it, and with another when nobody knows what became of it.
   */
  publish(subject: string, payload: Uint8Array, headers: MsgHdrs): Promise<PublishAck> {
    const token = (this.#count++).toString(36);
    this.#connection.publish(subject, payload, { headers, reply: `${this.#inbox}.${token}` });
    return new Promise((resolve, reject) => {
      const dueMs = performance.now() + this.#timeoutMs;
      this.#waiting.set(token, { dueMs, outcome: { resolve, reject } });
      if (this.#timer === undefined) this.#expireAfter(this.#timeoutMs);
    });
  }

  /** Nobody will ever know of those that wait now: their connection is gone. */
  abandon(reason: Error): void {
    for (const token of this.#waiting.keys()) this.#take(token)?.reject(reason);
  }

  #receive(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const outcome = this.#take(token);
    try {
      outcome?.resolve(readAck(message));
    } catch (error) {
      outcome?.reject(error as Error);
    }
  }

  /** The one that waited for it; undefined when nobody does any more. */
  #take(token: string): Waiting['outcome'] {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(token);
    const { outcome } = waiting;
    waiting.outcome = undefined;
    return outcome;
  }

  #expireAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#expire(), ms).unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [token, { dueMs }] of this.#waiting) {
      if (dueMs > now) return this.#expireAfter(dueMs - now);
      this.#take(token)?.reject(
        new Error(`the broker did not answer within ${this.#timeoutMs} ms`),
      );
    }
  }
}

/** Throws what the broker says against the message. */
function readAck(message: Msg): PublishAck {
  if (message.headers?.code === 503) {
    throw new Error('no stream takes the subject, or its server is not there');
  }
  const { seq, duplicate = false, error } = message.json<Answer>();
  if (error) throw new JetStreamApiError(error);
  return { sequence: seq, duplicate };
}
