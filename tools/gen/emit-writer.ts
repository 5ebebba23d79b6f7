import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import type { Model, Type } from './model.ts';
import type { Module } from './module.ts';
import { jsonPath, messagesPath, property, writerName } from './names.ts';
import { mayBeUndefined, shapeOf, typeName } from './shape.ts';
import type { Kind, Shape } from './shape.ts';

const writeJson = '#lib/contract/write-json.ts';

const scalarWriters: Partial<Record<Kind, string>> = {
  string: 'writeString',
  int64: 'writeBigInt',
  uint64: 'writeBigInt',
  bytes: 'writeBytes',
  timestamp: 'writeTimestamp',
  duration: 'writeDuration',
  struct: 'writeStruct',
};

export function emitWriter(module: Module, type: Type, model: Model): void {
  module.add(type.kind === 'enum' ? enumWriter(module, type) : messageWriter(module, type, model));
}

/**
 * A number without a name comes from a newer service: JSON shows it as it is, as proto3's JSON
 * does.
 */
function enumWriter(module: Module, type: DescEnum): string {
  // Of several names for one number the first is the one to write.
  const named = type.values.filter(
    ({ number }, index, all) => all.findIndex((other) => other.number === number) === index,
  );
  const cases = named.map(
    ({ number, name }) => `    case ${number}:
      return '"${name}"';`,
  );
  return `export function ${writerName(type)}(
  value: ${module.type(typeName(type), messagesPath(type.file))},
): string {
  switch (value) {
${cases.join('\n')}
    default:
      return String(value);
  }
}`;
}

function messageWriter(module: Module, type: DescMessage, model: Model): string {
  const keepsEmpty = model.listResponses.has(type);
  const members = type.fields.map((field) => memberStatement(module, field, keepsEmpty));
  const signature = `export function ${writerName(type)}(
  message: ${module.type(typeName(type), messagesPath(type.file))},
): string {`;
  if (members.length === 0) {
    return `${signature.replace('message:', '_message:')}
  return '{}';
}`;
  }
  return `${signature}
  let members = '';
${members.join('\n')}
  return ${module.value('writeObject', writeJson)}(members);
}`;
}

/**
 * Scalars and lists are always told; what can be absent, and empty text, only where there is
 * something.
 */
function memberStatement(module: Module, field: DescField, keepsEmpty: boolean): string {
  const shape = shapeOf(field);
  const value = `message.${property(field)}`;
  const text = shape.repeated
    ? `${module.value('writeList', writeJson)}(${value}, ${elementWriter(module, shape)})`
    : written(module, shape, value);
  const statement = `members += \`,"${field.jsonName}":\${${text}}\`;`;
  const condition = presence(shape, value, keepsEmpty);
  return condition === undefined
    ? `  ${statement}`
    : `  if (${condition}) {
    ${statement}
  }`;
}

function presence(shape: Shape, value: string, keepsEmpty: boolean): string | undefined {
  if (shape.repeated) {
    return undefined;
  }
  if (mayBeUndefined(shape)) {
    return `${value} !== undefined`;
  }
  if (shape.kind === 'enum') {
    return `${value} !== 0`;
  }
  if (shape.kind === 'bytes') {
    return `${value}.length > 0`;
  }
  return shape.kind === 'string' && !keepsEmpty ? `${value} !== ''` : undefined;
}

function written(module: Module, shape: Shape, value: string): string {
  return ['bool', 'int32', 'uint32'].includes(shape.kind)
    ? value
    : `${elementWriter(module, shape)}(${value})`;
}

function elementWriter(module: Module, shape: Shape): string {
  const scalar = scalarWriters[shape.kind];
  if (scalar !== undefined) {
    return module.value(scalar, writeJson);
  }
  const type = shape.enum ?? shape.message;
  return type === undefined ? 'String' : module.value(writerName(type), jsonPath(type.file));
}
