import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** The members of gen/asyncapi.json that tests look at. */
export interface AsyncApi {
  channels: Record<string, Channel>;
  operations: Record<
    string,
    { action: 'send' | 'receive'; channel: Reference; messages: Reference[] }
  >;
  components: {
    messages: Record<string, { examples: [{ headers: object; payload: JsonObject }] }>;
    schemas: Record<string, object>;
  };
  'x-streams': Record<string, Stream>;
}

interface Reference {
  $ref: string;
}

interface Channel {
  address: string;
  messages: Record<string, Reference>;
  'x-producer': string;
  'x-stream': string;
}

export interface Stream {
  producer: string;
  subjects: string[];
  retention: string;
  ageMaxSeconds: number;
  duplicateWindowSeconds: number;
}

/** A message as it lies in a stream. */
export interface Message {
  subject: string;
  headers: Record<string, string>;
  payload: Uint8Array;
}

const genFolder = new URL('../../gen/', import.meta.url);

export const asyncApi = JSON.parse(
  readFileSync(new URL('asyncapi.json', genFolder), 'utf8'),
) as AsyncApi;

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(new URL('descriptors.binpb', genFolder))),
);

const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(asyncApi, 'asyncapi.json');

const headersSchema = compiled('/components/messageTraits/event/headers');

function compiled(pointer: string): ValidateFunction {
  return ajv.compile({ $ref: `asyncapi.json#${pointer}` });
}

/** The descriptor of a message; throws for a name that the contracts do not have. */
export function messageType(name: string): DescMessage {
  const type = registry.getMessage(name);
  if (type === undefined) throw new Error(`There is no message ${name}.`);
  return type;
}

export function encodeJson(type: string, json: JsonObject): Uint8Array {
  const message = messageType(type);
  return toBinary(message, fromJson(message, json));
}

/** The payload as proto3's JSON. Throws for bytes that are no such message, or more than it. */
export function decodeJson(type: string, payload: Uint8Array): JsonObject {
  const message = messageType(type);
  const decoded = fromBinary(message, payload);
  if (decoded.$unknown?.length) throw new Error(`${type} has fields that nobody knows`);
  return toJson(message, decoded) as JsonObject;
}

/** What the document does not tell of the message; nothing when all is as it says. */
export function differences({ subject, headers, payload }: Message): string[] {
  const type = headers['ce-type'] ?? '';
  const channel = Object.values(asyncApi.channels).find(({ address }) =>
    new RegExp(`^${address.replace('{userToken}', '[0-9a-f]{32}')}$`).test(subject),
  );
  if (channel === undefined) return [`no channel has the subject ${subject}`];
  const problems: string[] = [];
  if (channel.messages[type] === undefined) problems.push(`${subject} does not carry ${type}`);
  if (headers['ce-source'] !== `purser/${channel['x-producer']}`) {
    problems.push(`${subject} is not published by ${headers['ce-source']}`);
  }
  const payloadSchema = compiled(`/components/schemas/${type}`);
  for (const [schema, value] of [
    [headersSchema, headers],
    [payloadSchema, decodeJson(type, payload)],
  ] as const) {
    if (!schema(value)) problems.push(`${subject}: ${ajv.errorsText(schema.errors)}`);
  }
  return problems;
}
