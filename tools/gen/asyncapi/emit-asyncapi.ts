import { readFileSync } from 'node:fs';
import { eventHeaders } from '#lib/nats/event-headers.ts';
import { duplicateWindowMs, eventAgeMaxMs } from '#lib/nats/topology.ts';
import { exampleOf } from './example.ts';
import { jsonSchemas } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { commentOf, protoText } from './proto-text.ts';
import type { Event } from './read-events.ts';

const packageFile = new URL('../../../package.json', import.meta.url);

/** gen/asyncapi.json: every event, its subject, headers and stream, who sends and who takes it. */
export function emitAsyncApi(events: readonly Event[]): string {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Purser events',
      version,
      description:
        'What the services tell each other, and whoever else listens, over NATS JetStream. ' +
        'Delivery is at least once and in no fixed order: `ce-id` is the identity of an event. ' +
        'Operations are named for the service that sends or takes the event.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/protobuf',
    channels: Object.fromEntries(events.map((event) => [event.subject, channelObject(event)])),
    operations: Object.fromEntries(events.flatMap(operations)),
    components: {
      messages: Object.fromEntries(
        events.map((event) => [event.message.typeName, messageObject(event)]),
      ),
      messageTraits: { event: { headers: headersSchema() } },
      parameters: {
        userToken: {
          description:
            'The first 32 hex digits of the SHA-256 of the user id; `*` listens to all users.',
        },
      },
      schemas: jsonSchemas(events.map((event) => event.message)),
    },
    'x-streams': streams(events),
  };
  return JSON.stringify(document, null, 2);
}

function channelObject({ message, subject, domain, stream }: Event) {
  const { typeName } = message;
  return {
    address: `${subject}.{userToken}`,
    title: message.name,
    description: commentOf(message),
    parameters: { userToken: reference('parameters', 'userToken') },
    messages: { [typeName]: reference('messages', typeName) },
    'x-producer': domain,
    'x-stream': stream.name,
  };
}

function operations({ message, subject, domain, consumers }: Event): [string, object][] {
  const { typeName, name } = message;
  const channelReference = { $ref: `#/channels/${subject}` };
  const messages = [{ $ref: `#/channels/${subject}/messages/${typeName}` }];
  const common = { channel: channelReference, messages };
  const taken = consumers.map((consumer): [string, object] => [
    `${consumer}.receive.${name}`,
    { action: 'receive', title: `${consumer} acts on ${name}`, ...common },
  ]);
  const sent = { action: 'send', title: `${domain} publishes ${name}`, ...common };
  return [[`${domain}.send.${name}`, sent], ...taken];
}

function messageObject(event: Event) {
  const { typeName, name, file } = event.message;
  const { headers, payload } = exampleOf(event);
  return {
    name: typeName,
    title: name,
    summary: commentOf(event.message),
    contentType: 'application/protobuf',
    traits: [reference('messageTraits', 'event')],
    payload: {
      schemaFormat: 'application/vnd.google.protobuf;version=3',
      schema: protoText(event.message),
    },
    examples: [{ name, headers, payload }],
    'x-proto-file': `${file.name}.proto`,
    'x-json-schema': reference('schemas', typeName),
  };
}

function headersSchema(): JsonSchema {
  const properties = eventHeaders.map(({ name, description, pattern }) => [
    name,
    { type: 'string', description, pattern },
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    required: eventHeaders.filter(({ optional }) => !optional).map(({ name }) => name),
    additionalProperties: false,
  };
}

function streams(events: readonly Event[]): Record<string, object> {
  const entries = events.map(({ domain, stream }) => [
    stream.name,
    {
      producer: domain,
      subjects: [stream.subject],
      retention: 'limits',
      ageMaxSeconds: eventAgeMaxMs / 1000,
      bytesMaxDefault: stream.bytesMax,
      duplicateWindowSeconds: duplicateWindowMs / 1000,
    },
  ]);
  return Object.fromEntries(entries) as Record<string, object>;
}

function reference(kind: string, name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}
