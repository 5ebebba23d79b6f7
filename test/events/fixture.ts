// Events as they were published, kept for ever: test/fixtures/events/<version>/<type>.json.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { JsonObject } from '@bufbuild/protobuf';
import { events } from '#gen/events.ts';
import { type Delivery, readDelivery } from '#lib/nats/delivery.ts';
import { messageHeaders } from '#lib/nats/publisher.ts';
import { defineEvent, type EventCodec } from '#lib/outbox/event.ts';
import { happenings } from '../../services/notifications/events/tell-users.ts';
import { paymentResults } from '../../services/orders/events/apply-payment-results.ts';
import { paymentWishes } from '../../services/payments/events/settle-payments.ts';
import { asyncApi, decodeJson, encodeJson, type Message, messageType } from './asyncapi.ts';

/** What the services make of the events that they take, by the service and the event's type. */
export const consumed: Record<string, Record<string, (delivery: Delivery) => unknown>> = {
  notifications: happenings,
  orders: paymentResults,
  payments: paymentWishes,
};

/** One event as it lay in the stream, and what its readers read. */
export interface EventFixture {
  subject: string;
  headers: Record<string, string>;
  /** The bytes, in base64. */
  payload: string;
  /** The payload as proto3's JSON. */
  message: JsonObject;
  /** What each service that acts on it makes of it. */
  consumers: Record<string, unknown>;
}

const folder = new URL('../fixtures/events/', import.meta.url);
const packageFile = new URL('../../package.json', import.meta.url);

export const currentVersion = (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string })
  .version;

function fileOf(version: string, type: string, root = folder): URL {
  return new URL(`${version}/${type}.json`, root);
}

/** Every version that has fixtures, with the types of its events. */
export function fixtureTypes(root = folder): { version: string; types: string[] }[] {
  return readdirSync(root).map((version) => {
    const files = readdirSync(new URL(version, root));
    return { version, types: files.map((file) => file.replace(/\.json$/, '')) };
  });
}

export function readFixtures(version: string, type: string): EventFixture[] {
  return JSON.parse(readFileSync(fileOf(version, type), 'utf8')) as EventFixture[];
}

/**
 * Keeps what today's producer publishes as that version's. Throws when the version has the event
 * already: what was published once is never changed.
 */
export function addFixtures(version: string, type: string, root = folder): void {
  const file = fileOf(version, type, root);
  if (existsSync(file)) {
    throw new Error(`${version} has ${type} already; what was published is never changed`);
  }
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(makeFixtures(type), null, 2)}\n`, { flag: 'wx' });
}

/** One for the documentation's example, and one for every other value of each of its enums. */
function makeFixtures(type: string): EventFixture[] {
  const [{ payload: example }] = asyncApi.components.messages[type]!.examples;
  const others = messageType(type).fields.flatMap((field) =>
    (field.enum?.values ?? [])
      .filter(({ name, number }) => number !== 0 && name !== example[field.jsonName])
      .map(({ name }) => ({ ...example, [field.jsonName]: name })),
  );
  return [example, ...others].map((message, index) => makeFixture(type, message, index));
}

function makeFixture(type: string, example: JsonObject, index: number): EventFixture {
  const { codec, domain, ...names } = events[type as keyof typeof events];
  const definition = defineEvent({ ...names, codec: codec as EventCodec<unknown> });
  const event = definition.toOutbox({
    eventId: `019b7c4e-6a4e-7c11-8a52-${String(index).padStart(12, '0')}`,
    userId: String(example['userId']),
    about: String(example['order'] ?? example['account']),
    message: codec.decode(encodeJson(type, example)),
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  });
  const row = { ...event, publication: 1, createTime: new Date('2026-01-02T03:04:05.678Z') };
  const headers = [...messageHeaders(row, `purser/${domain}`)].map(([name, [value]]) => [
    name,
    value,
  ]);
  const { subject, payload } = event;
  const message = { subject, payload, headers: Object.fromEntries(headers) };
  return {
    subject,
    headers: message.headers,
    payload: Buffer.from(payload).toString('base64'),
    message: decodeJson(type, payload),
    consumers: consume(message),
  };
}

/** What each service that takes the message makes of it, through its own code. */
export function consume({ subject, headers, payload }: Message): Record<string, unknown> {
  const delivery = readDelivery({
    subject,
    headers: new Map(Object.entries(headers)),
    payload,
    deliveries: 1,
    ack() {},
    nak() {},
    term() {},
    working() {},
  });
  const results = Object.entries(consumed).flatMap(([service, takes]) => {
    const take = takes[delivery.type];
    const made = take?.(delivery);
    return made === undefined ? [] : [[service, plain(made)]];
  });
  return Object.fromEntries(results) as Record<string, unknown>;
}

/** As JSON, with integers of 64 bits as decimal strings. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
  return JSON.parse(text);
}
