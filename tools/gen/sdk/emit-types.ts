import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { isSetByCaller } from '../model.ts';
import type { Model, Type } from '../model.ts';
import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import { quoted } from '../names.ts';
import type { Options } from '../options.ts';
import { mayBeUndefined, shapeOf } from '../shape.ts';
import type { Kind } from '../shape.ts';
import { commentOf, jsDoc } from './comments.ts';
import type { SdkNames } from './sdk-names.ts';

export const typesPath = ({ folder }: SdkNames) => `${folder}/types.ts`;

const empty = 'google.protobuf.Empty';

const scalarTypes: Partial<Record<Kind, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  uint32: 'number',
  int64: 'bigint',
  uint64: 'bigint',
  bytes: 'Uint8Array',
  timestamp: 'Date',
  duration: 'string',
  struct: 'Record<string, unknown>',
};

/** types.ts: what callers give and get, as interfaces and unions of strings. */
export function emitTypes(model: Model, names: SdkNames, options: Options): Module {
  const module = createModule(typesPath(names));
  for (const type of sdkTypes(model)) {
    const isAnswer = model.written.has(type);
    if (type.kind === 'enum') {
      module.add(enumType(type, names));
    } else {
      if (isAnswer || !differsAsInput(type, options)) module.add(messageType(type, names, options));
      if (model.read.has(type) && differsAsInput(type, options)) {
        module.add(inputType(type, names, options));
      }
    }
  }
  return module;
}

/** Every type that callers meet, by name. */
export function sdkTypes({ read, written }: Model): Type[] {
  return [...new Set([...written, ...read])]
    .filter(({ typeName }) => typeName !== empty)
    .toSorted((a, b) => (a.typeName < b.typeName ? -1 : 1));
}

export function isEmpty({ typeName }: DescMessage): boolean {
  return typeName === empty;
}

/** The type of what a caller gives for a field. */
export function inputTypeOf(field: DescField, names: SdkNames, options: Options): string {
  return typeOf(
    field,
    (message) => {
      return differsAsInput(message, options) ? `${names.type(message)}Input` : names.type(message);
    },
    names,
  );
}

/** Whether an answer always has the field. */
export function isAlwaysThere(field: DescField, options: Options): boolean {
  const shape = shapeOf(field);
  if (shape.repeated) return true;
  const isPromised = options.has(field, 'REQUIRED') || options.has(field, 'NON_EMPTY_DEFAULT');
  // The JSON of an answer leaves out an enum's zero, which says nothing.
  return isPromised || !(mayBeUndefined(shape) || shape.kind === 'enum');
}

function enumType(type: DescEnum, names: SdkNames): string {
  const members = namedValues(type).map(
    (value) => `${jsDoc(commentOf(value), '  ')}  | ${quoted(value.name)}`,
  );
  const doc = jsDoc(`${commentOf(type)}\n\nA newer service may send other values.`.trim());
  return `${doc}export type ${names.type(type)} =\n${members.join('\n')}\n  | (string & {});`;
}

/** All but the one that says nothing, which is never sent. */
function namedValues(type: DescEnum) {
  return type.values.filter(({ name, number }) => number !== 0 || !name.endsWith('UNSPECIFIED'));
}

function messageType(type: DescMessage, names: SdkNames, options: Options): string {
  const members = type.fields.map((field) => {
    const fieldType = typeOf(field, names.type, names);
    const isThere = isAlwaysThere(field, options);
    const text = isThere ? `: ${fieldType}` : `?: ${fieldType} | undefined`;
    return `${jsDoc(commentOf(field), '  ')}  ${field.jsonName}${text};`;
  });
  return interfaceText(names.type(type), commentOf(type), members);
}

function inputType(type: DescMessage, names: SdkNames, options: Options): string {
  const fields = type.fields.filter((field) => isSetByCaller(field, options));
  const members = fields.map((field) => inputMember(field, names, options));
  return interfaceText(`${names.type(type)}Input`, commentOf(type), members);
}

/** A member of what a caller gives. */
export function inputMember(field: DescField, names: SdkNames, options: Options): string {
  const type = inputTypeOf(field, names, options);
  const text = options.has(field, 'REQUIRED') ? `: ${type}` : `?: ${type} | undefined`;
  return `${jsDoc(commentOf(field), '  ')}  ${field.jsonName}${text};`;
}

function interfaceText(name: string, comment: string, members: readonly string[]): string {
  const body = members.length === 0 ? '{}' : `{\n${members.join('\n')}\n}`;
  return `${jsDoc(comment)}export interface ${name} ${body}`;
}

function typeOf(
  field: DescField,
  messageName: (message: DescMessage) => string,
  names: SdkNames,
): string {
  const { kind, repeated, message, enum: enumeration } = shapeOf(field);
  const single =
    scalarTypes[kind] ??
    (enumeration === undefined ? messageName(message as DescMessage) : names.type(enumeration));
  return repeated ? `${single}[]` : single;
}

/**
 * Whether a caller gives less than an answer has: fields that the server sets, or that may be left
 * out.
 */
function differsAsInput(
  message: DescMessage,
  options: Options,
  above: readonly DescMessage[] = [],
): boolean {
  if (above.includes(message)) return false;
  return message.fields.some((field) => {
    if (!isSetByCaller(field, options) || !options.has(field, 'REQUIRED')) return true;
    const shape = shapeOf(field);
    return (
      shape.kind === 'message' &&
      shape.message !== undefined &&
      differsAsInput(shape.message, options, [...above, message])
    );
  });
}
