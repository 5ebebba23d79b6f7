import type { DeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';

/** An event as a consumer's `handle` gets it. */
export interface Delivery {
  /** UUID: what the inbox knows it by. */
  eventId: string;
  /** `purser.orders.v1.PaymentRequested` */
  type: string;
  /** `orders/{order}`; empty when the message did not tell. */
  about: string;
  subject: string;
  payload: Uint8Array;
  /** When the event happened; undefined when the message did not tell. */
  time: Date | undefined;
  traceparent: string | undefined;
  /** How often the broker delivered it, from 1. Not exact: the broker may forget. */
  deliveries: number;
  /** Where the broker keeps it; undefined when the message did not tell. */
  streamed: Streamed | undefined;
}

/** A message's place in a stream of the broker. */
export interface Streamed {
  /** Number in the stream, from 1. */
  sequence: bigint;
  /** When the broker took it, by the broker's clock. */
  time: Date;
}

/** A message from the broker that waits for an answer. The answers never throw and may get lost. */
export interface Received {
  readonly subject: string;
  /** Names in the spelling of the wire, first value of each. */
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
  readonly deliveries: number;
  readonly streamed?: Streamed | undefined;
  /** Messages that the broker had left for the consumer; undefined when it did not tell. */
  readonly pending?: number | undefined;
  /** Done. */
  ack(): void;
  /** Deliver it again, at once or after a delay. */
  nak(delayMs?: number): void;
  /** Never deliver it again. */
  term(): void;
  /** Still at it: do not deliver it elsewhere. */
  working(): void;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const typeName = /^[\w.]{1,256}$/;

/** The message as an event. Throws when it has no UUID in `ce-id` or no name in `ce-type`. */
export function readDelivery(message: Received): Delivery {
  const eventId = message.headers.get('ce-id');
  const type = message.headers.get('ce-type');
  if (eventId === undefined || !uuid.test(eventId)) {
    throw new Error(`the header ce-id is no UUID: ${JSON.stringify(eventId ?? null)}`);
  }
  if (type === undefined || !typeName.test(type)) {
    throw new Error(`the header ce-type is no name of a message: ${JSON.stringify(type ?? null)}`);
  }
  const time = new Date(message.headers.get('ce-time') ?? '');
  return {
    // In one spelling, so that two deliveries of one event never look like two events.
    eventId: eventId.toLowerCase(),
    type,
    about: message.headers.get('ce-subject') ?? '',
    subject: message.subject,
    payload: message.payload,
    time: Number.isNaN(time.getTime()) ? undefined : time,
    traceparent: message.headers.get('traceparent'),
    deliveries: message.deliveries,
    streamed: message.streamed,
  };
}

/** What is kept of a message that `source` gives up, however malformed it is. */
export function deadLetterOf(message: Received, source: string): DeadLetter {
  const eventId = message.headers.get('ce-id');
  return {
    source,
    eventId: eventId !== undefined && uuid.test(eventId) ? eventId : undefined,
    type: message.headers.get('ce-type'),
    subject: message.subject,
    about: message.headers.get('ce-subject'),
    headers: Object.fromEntries(message.headers),
    payload: message.payload,
    deliveries: message.deliveries,
  };
}
