import { JetStreamApiError } from '@nats-io/jetstream';
import { errors, type MsgHdrs } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import type { OutboxRow, PublishOutcome, RelayBroker } from '#lib/outbox/relay-ports.ts';
import { isSampled } from '#lib/trace/trace-parent.ts';
import { nowMs, type Span, startSpan } from '#lib/trace/tracing.ts';
import type { Broker } from './broker.ts';
import { eventHeaders, type EventRow } from './event-headers.ts';
import { writeHeaders } from './headers.ts';
import { PublishAcks } from './publish-acks.ts';
import { ensureStream, type StreamSpec } from './topology.ts';

export interface PublisherOptions {
  broker: Broker;
  /** The stream of the publishing service; made when it is missing. */
  stream: StreamSpec;
  /** CloudEvents source, `purser/orders`. */
  source: string;
  log: Logger;
  /** After this, in milliseconds, the outcome of a publish is unknown. */
  timeoutMs?: number;
}

/**
 * A frozen server still stores what it was sent once it goes on: shorter only makes more repeats.
 */
const timeoutMsDefault = 5_000;

/**
 * Publishes outbox rows to JetStream as CloudEvents in binary mode. `Nats-Msg-Id` is the event id
 * and the number of its publication: a retry is a duplicate to the broker, a deliberate replay is
 * not.
 */
export function createPublisher(options: PublisherOptions): RelayBroker {
  const { broker, stream, source, log, timeoutMs = timeoutMsDefault } = options;
  let ensured = false;
  let acks: PublishAcks | undefined;
  broker.onReconnect(() => acks?.abandon(new Error('the connection to the broker was lost')));

  async function prepare(): Promise<PublishAcks> {
    const connection = broker.connection();
    if (!ensured) await ensureStream(connection, stream);
    ensured = true;
    return (acks ??= new PublishAcks({ connection, inbox: broker.newInbox(), timeoutMs }));
  }

  async function publish(sender: PublishAcks, row: OutboxRow): Promise<PublishOutcome> {
    const span = startPublish(row);
    const { traceparent } = span;
    try {
      const told = traceparent === row.traceparent ? row : { ...row, traceparent };
      const headers = messageHeaders(told, source);
      const { sequence, duplicate } = await sender.publish(row.subject, row.payload, headers);
      if (isDrill) await failpoint('relay.sent');
      span.end({
        attributes: { 'purser.stream.sequence': sequence, 'purser.duplicate': duplicate },
      });
      return { kind: 'stored', duplicate };
    } catch (error) {
      span.end({ error });
      return { kind: isRefusal(error) ? 'refused' : 'unknown', cause: error as Error };
    }
  }

  return {
    async publish(rows) {
      try {
        const sender = await prepare();
        const outcomes = await Promise.all(rows.map((row) => publish(sender, row)));
        // Perhaps the stream is gone, or its storage: look before the next attempt.
        if (outcomes.some(({ kind }) => kind === 'unknown')) ensured = false;
        return outcomes;
      } catch (error) {
        log.debug({ err: error }, 'nothing was published');
        return rows.map(() => ({ kind: 'unknown', cause: error as Error }));
      }
    },
  };
}

/** The time in the outbox and, below it, the way to the broker: what a consumer's spans follow. */
function startPublish({
  traceparent: parent,
  type,
  subject,
  eventId,
  createTime,
}: OutboxRow): Span {
  if (!isSampled(parent)) return startSpan('', { parent });
  const startMs = nowMs();
  // The row's time is the database's, whose clock may be ahead of ours.
  const waitedFromMs = Math.min(createTime.getTime(), startMs);
  const wait = startSpan(`outbox ${type}`, { parent, startMs: waitedFromMs });
  wait.end({ endMs: startMs });
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.type': 'send',
    'messaging.destination.name': subject,
    'messaging.message.id': eventId,
  };
  const options = { kind: 'producer', parent: wait.traceparent, startMs, attributes } as const;
  return startSpan(`send ${type}`, options);
}

/** The headers of an event, `Nats-Msg-Id` among them, as `eventHeaders` has them. */
export function messageHeaders(row: EventRow, source: string): MsgHdrs {
  return writeHeaders(
    eventHeaders.flatMap(({ name, value }) => {
      const text = value(row, source);
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

/**
 * Refusals that another attempt does not change: a message larger than the server takes, a subject
 * or header that cannot be sent, and what the server calls a bad request.
 */
function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof JetStreamApiError) return cause.status === 400;
    if (cause instanceof errors.InvalidArgumentError) return true;
    if (cause instanceof errors.InvalidSubjectError) return true;
  }
  return false;
}
