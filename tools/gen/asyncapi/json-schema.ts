import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import type { Type } from '../model.ts';
import { shapeOf } from '../shape.ts';
import type { Kind } from '../shape.ts';
import { commentOf } from './proto-text.ts';

export type JsonSchema = Record<string, unknown>;

/** How each kind of value looks in proto3's JSON. */
const kindSchemas: Record<Exclude<Kind, 'enum' | 'message'>, JsonSchema> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  uint32: { type: 'integer', minimum: 0 },
  int64: { type: 'string', pattern: '^-?[0-9]{1,19}$' },
  uint64: { type: 'string', pattern: '^[0-9]{1,20}$' },
  bytes: { type: 'string', contentEncoding: 'base64' },
  timestamp: { type: 'string', format: 'date-time' },
  duration: { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?s$' },
  struct: { type: 'object' },
};

/**
 * JSON Schemas of the messages and of all that they hold, by full name: what a reader decodes from
 * the bytes, as proto3's JSON, which leaves out members with the empty value.
 */
export function jsonSchemas(messages: readonly DescMessage[]): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {};
  function add(type: Type): void {
    if (schemas[type.typeName] === undefined) {
      schemas[type.typeName] = {};
      schemas[type.typeName] = type.kind === 'enum' ? enumSchema(type) : messageSchema(type, add);
    }
  }
  for (const message of messages) {
    add(message);
  }
  return schemas;
}

function enumSchema(type: DescEnum): JsonSchema {
  const values = type.values.map(({ name }) => name);
  return { ...described(type), type: 'string', enum: values };
}

function messageSchema(message: DescMessage, add: (type: Type) => void): JsonSchema {
  const members = message.fields.map((field) => [field.jsonName, fieldSchema(field, add)]);
  return {
    ...described(message),
    type: 'object',
    properties: Object.fromEntries(members),
    additionalProperties: false,
  };
}

function fieldSchema(field: DescField, add: (type: Type) => void): JsonSchema {
  const { kind, repeated, ...shape } = shapeOf(field);
  const type = shape.enum ?? shape.message;
  const number = { 'x-field-number': field.number };
  if (kind === 'enum' || kind === 'message') {
    add(type as Type);
    const reference = { $ref: `#/components/schemas/${type?.typeName}` };
    // Beside a $ref nothing else counts, so the field's own words need a level of their own.
    return repeated
      ? { ...described(field), type: 'array', items: reference, ...number }
      : { ...described(field), allOf: [reference], ...number };
  }
  const value = kindSchemas[kind];
  return repeated
    ? { ...described(field), type: 'array', items: value, ...number }
    : { ...described(field), ...value, ...number };
}

function described(desc: DescMessage | DescEnum | DescField): JsonSchema {
  const description = commentOf(desc);
  return description === '' ? {} : { description };
}
