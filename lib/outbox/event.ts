import { isSampled } from '#lib/trace/trace-parent.ts';
import { userToken } from './user-token.ts';

/** What one row of the outbox is made from. */
export interface OutboxEvent {
  /** The event's identity for ever, UUID: what an inbox knows it by. */
  eventId: string;
  /** Full name of the message, `purser.orders.v1.PaymentRequested`. */
  type: string;
  /** Where it is published, `purser.v1.orders.payment_requested.{user token}`. */
  subject: string;
  /** Name of the resource that it is about, `orders/{order}`. */
  about: string;
  payload: Uint8Array;
  /** W3C trace parent of the call or event that caused it; kept if its trace is recorded. */
  traceparent: string | undefined;
}

/** The part of a ts-proto message that an event needs. */
export interface EventCodec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

export interface EventDefinition<Message> {
  readonly type: string;
  /** Matches the event of every user: what a durable consumer filters by. */
  readonly filterSubject: string;
  toOutbox(event: {
    eventId: string;
    userId: string;
    about: string;
    message: Message;
    traceparent?: string | undefined;
  }): OutboxEvent;
  /** Throws on bytes that are no such message. */
  decode(payload: Uint8Array): Message;
}

/**
 * One kind of event. Throws when type or subject could not be published or not be found in a
 * stream.
 */
export function defineEvent<Message>(options: {
  /** `purser.orders.v1.PaymentRequested` */
  type: string;
  /** `purser.v1.orders.payment_requested`; the user's token is appended. */
  subject: string;
  codec: EventCodec<Message>;
}): EventDefinition<Message> {
  const { type, subject, codec } = options;
  if (!/^purser(\.[a-z][a-z0-9_]*)+\.[A-Z]\w*$/.test(type)) {
    throw new Error(`"${type}" is not the full name of a message`);
  }
  if (!/^purser\.v\d+\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(subject)) {
    throw new Error(`"${subject}" is not of the form purser.v1.<domain>.<event>`);
  }
  return {
    type,
    filterSubject: `${subject}.*`,
    toOutbox: ({ eventId, userId, about, message, traceparent }) => ({
      eventId,
      type,
      subject: `${subject}.${userToken(userId)}`,
      about,
      payload: codec.encode(message).finish(),
      traceparent,
    }),
    decode: (payload) => codec.decode(payload),
  };
}

/**
 * The events as columns, for
 * `unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])`: event ids,
 * types, subjects, abouts, payloads, trace parents.
 */
export function outboxColumns(
  events: readonly OutboxEvent[],
): [string[], string[], string[], string[], Buffer[], (string | null)[]] {
  return [
    events.map(({ eventId }) => eventId),
    events.map(({ type }) => type),
    events.map(({ subject }) => subject),
    events.map(({ about }) => about),
    // A view, not a copy: pg writes a Buffer as bytea, other typed arrays inside an array as text.
    events.map(({ payload }) =>
      Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    ),
    // Nobody would look at the others, and they cost as much as half of a small payload.
    events.map(({ traceparent }) => (isSampled(traceparent) ? traceparent! : null)),
  ];
}
