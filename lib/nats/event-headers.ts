import type { OutboxRow } from '#lib/outbox/relay-ports.ts';

/** The part of an outbox row that its headers tell. */
export type EventRow = Pick<
  OutboxRow,
  'eventId' | 'type' | 'about' | 'traceparent' | 'publication' | 'createTime'
>;

export interface EventHeader {
  /** In the spelling of the wire; NATS tells upper and lower case apart. */
  name: string;
  /** The value of an event; undefined when it has none, which only an optional header may. */
  value(row: EventRow, source: string): string | undefined;
  optional?: true;
  description: string;
  /** Matches every value. */
  pattern: string;
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/**
 * The headers of a published event: CloudEvents 1.0 in binary mode, as its NATS protocol binding
 * has it, W3C trace context, and the broker's own key for duplicates. The publisher sends exactly
 * these, and gen/asyncapi.json tells of exactly these.
 */
export const eventHeaders: readonly EventHeader[] = [
  {
    name: 'Nats-Msg-Id',
    value: ({ eventId, publication }) => `${eventId}:${publication}`,
    description:
      'The event id and the number of its publication. The broker drops a second message of the ' +
      'same id for a minute; a deliberate replay has a higher number and passes.',
    pattern: `^${uuid}:[1-9][0-9]*$`,
  },
  {
    name: 'ce-specversion',
    value: () => '1.0',
    description: 'Version of CloudEvents.',
    pattern: '^1\\.0$',
  },
  {
    name: 'ce-id',
    value: ({ eventId }) => eventId,
    description: 'The identity of the event, the same in every delivery and every publication.',
    pattern: `^${uuid}$`,
  },
  {
    name: 'ce-type',
    value: ({ type }) => type,
    description: 'Full name of the message in the payload.',
    pattern: '^purser(\\.[a-z][a-z0-9_]*)+\\.[A-Z]\\w*$',
  },
  {
    name: 'ce-source',
    value: (_row, source) => source,
    description: 'The service that published it.',
    pattern: '^purser/[a-z][a-z0-9_]*$',
  },
  {
    name: 'ce-time',
    value: ({ createTime }) => createTime.toISOString(),
    description: 'When the event was written, in the transaction of what it tells of. RFC 3339.',
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
  },
  {
    name: 'ce-subject',
    value: ({ about }) => about,
    description: 'Name of the resource that it is about.',
    pattern: '^[a-z]+/[^/]+$',
  },
  {
    name: 'ce-datacontenttype',
    value: () => 'application/protobuf',
    description: 'Content type of the payload.',
    pattern: '^application/protobuf$',
  },
  {
    name: 'traceparent',
    value: ({ traceparent }) => traceparent,
    optional: true,
    description: 'W3C trace context of the call or event that caused it.',
    pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  },
];
