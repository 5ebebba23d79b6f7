import { fromJson } from '@bufbuild/protobuf';
import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { eventHeaders } from '#lib/nats/event-headers.ts';
import { userToken } from '#lib/outbox/user-token.ts';
import { shapeOf } from '../shape.ts';
import type { Kind } from '../shape.ts';
import type { Event } from './read-events.ts';

/** Ends an endless message: one that holds itself, or holds one that holds it. */
const depthMax = 4;

/** What fields of these names hold wherever they stand. */
const byName: Record<string, JsonValue> = {
  order: 'orders/019b7c4e-6a00-7d3a-9f00-2b8e5c1d4f60',
  user_id: 'alice',
  currency_code: 'USD',
  amount_minor: '1999',
};

const byKind: Record<Exclude<Kind, 'enum' | 'message'>, JsonValue> = {
  string: 'text',
  bool: true,
  int32: 2,
  uint32: 2,
  int64: '2',
  uint64: '2',
  bytes: 'AP8=',
  timestamp: '2026-01-02T03:04:05.678Z',
  duration: '1.500s',
  struct: { key: 'value' },
};

export interface EventExample {
  subject: string;
  headers: Record<string, string>;
  payload: JsonObject;
}

/**
 * An example of the event that is valid: its option's members, and for the others one by their name
 * or type. Throws when the option has something that the message has not.
 */
export function exampleOf(event: Event): EventExample {
  const { message, domain, subject } = event;
  const payload = { ...exampleMessage(message, 1), ...ownExample(event) };
  try {
    fromJson(message, payload);
  } catch (cause) {
    throw new Error(`${message}: its example is none: ${(cause as Error).message}`, { cause });
  }
  const row = {
    eventId: '019b7c4e-6a4e-7c11-8a52-6f1d3b9e0c27',
    type: message.typeName,
    about: byName['order'] as string,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    publication: 1,
    createTime: new Date('2026-01-02T03:04:05.678Z'),
  };
  const headers = eventHeaders.map(({ name, value }) => [name, value(row, `purser/${domain}`)]);
  return {
    subject: `${subject}.${userToken(byName['user_id'] as string)}`,
    headers: Object.fromEntries(headers),
    payload,
  };
}

function ownExample({ message, example }: Event): JsonObject {
  try {
    return example === '' ? {} : (JSON.parse(example) as JsonObject);
  } catch (cause) {
    throw new Error(`${message}: its example is no JSON object`, { cause });
  }
}

function exampleMessage(message: DescMessage, depth: number): JsonObject {
  const fields = depth > depthMax ? [] : message.fields;
  return Object.fromEntries(fields.map((field) => [field.jsonName, exampleField(field, depth)]));
}

function exampleField(field: DescField, depth: number): JsonValue {
  const { kind, repeated, ...shape } = shapeOf(field);
  const one = (): JsonValue => {
    if (kind === 'message') {
      return exampleMessage(shape.message as DescMessage, depth + 1);
    }
    if (kind === 'enum') {
      const values = shape.enum?.values ?? [];
      return (values.find(({ number }) => number !== 0) ?? values[0])?.name ?? 0;
    }
    return byName[field.name] ?? byKind[kind];
  };
  return repeated ? [one()] : one();
}
