import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { checkString } from '#lib/contract/check-string.ts';
import { checkStruct } from '#lib/contract/check-struct.ts';
import * as read from '#lib/contract/read-json.ts';
import { refuse } from '#lib/contract/refuse.ts';
import type { FieldViolation } from '#lib/contract/types.ts';
import { isMoney } from '../limits.ts';
import { isSetByCaller } from '../model.ts';
import type { Limits, Options } from '../options.ts';
import { shapeOf } from '../shape.ts';
import type { Kind, Shape } from '../shape.ts';
import type { Json } from './json.ts';

/** Kinds whose JSON is a string; the option has their text without quotes. */
const textKinds: readonly Kind[] = [
  'string',
  'int64',
  'uint64',
  'bytes',
  'enum',
  'timestamp',
  'duration',
];

/** Messages that hold themselves are shown this deep. */
const depthMax = 5;

/** The JSON of a message from the examples of its fields; fields without one are left out. */
export function exampleOfMessage(
  fields: readonly DescField[],
  view: 'input' | 'output',
  options: Options,
  depth = 0,
): Json {
  const members = fields
    .filter((field) => view === 'output' || isSetByCaller(field, options))
    .map((field) => [field.jsonName, composed(field, view, options, depth)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function composed(
  field: DescField,
  view: 'input' | 'output',
  options: Options,
  depth: number,
): unknown {
  const shape = shapeOf(field);
  if (options.example(field) !== undefined || shape.kind !== 'message' || depth > depthMax) {
    return exampleOfField(field, options);
  }
  const message = shape.message as DescMessage;
  const value = exampleOfMessage(message.fields, view, options, depth + 1);
  if (Object.keys(value).length === 0) {
    return undefined;
  }
  return shape.repeated ? [value] : value;
}

/**
 * The value of a field's own option, or for the name of a resource that of the resource; undefined
 * without either. Throws when the field could not have it.
 */
export function exampleOfField(field: DescField, options: Options): unknown {
  const shape = shapeOf(field);
  const text = options.example(field);
  if (text === undefined) {
    const identifier = options
      .referencedResource(field)
      ?.fields.find(({ name }) => name === 'name');
    return identifier === undefined || identifier === field || shape.repeated
      ? undefined
      : exampleOfField(identifier, options);
  }
  if (text === '') {
    return undefined;
  }
  const value = !shape.repeated && textKinds.includes(shape.kind) ? text : parsed(field, text);
  const violations: FieldViolation[] = [];
  checkField(value, field, options, field.name, violations);
  const [violation] = violations;
  if (violation !== undefined) {
    throw new Error(`${field}: its example: ${violation.field} ${violation.description}`);
  }
  return value;
}

function parsed(field: DescField, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${field}: its example is not valid JSON: ${text}`, { cause });
  }
}

/** What the gateway's reader and the service's validator check, here before they are generated. */
function checkField(
  value: unknown,
  field: DescField,
  options: Options,
  path: string,
  violations: FieldViolation[],
): void {
  const shape = shapeOf(field);
  const limits = options.limits(field) ?? {};
  if (!shape.repeated) {
    checkValue(value, shape, limits, options, path, violations);
    return;
  }
  const check = (element: unknown, elementPath: string) =>
    checkValue(element, shape, limits, options, elementPath, violations);
  const elements = read.readList(value, path, violations, check);
  if (elements.length > (limits.maxItems ?? Infinity)) {
    refuse(violations, path, `must have at most ${limits.maxItems} elements`);
  }
}

function checkValue(
  value: unknown,
  shape: Shape,
  limits: Limits,
  options: Options,
  path: string,
  violations: FieldViolation[],
): void {
  switch (shape.kind) {
    case 'string': {
      const { pattern, minLength, maxLength } = limits;
      const stringLimits = {
        ...(minLength !== undefined && { minLength }),
        ...(maxLength !== undefined && { maxLength }),
        ...(pattern !== undefined && { pattern: new RegExp(pattern, 'u') }),
      };
      checkString(read.readString(value, path, violations), stringLimits, path, violations);
      return;
    }
    case 'message':
      checkMessage(value, shape, limits, options, path, violations);
      return;
    case 'enum': {
      const { values } = shape.enum as DescEnum;
      const known = new Map(values.map(({ name, number }) => [name, number]));
      read.readEnum(value, path, violations, known);
      return;
    }
    case 'struct': {
      const members = read.readStruct(value, path, violations);
      checkStruct(members, limits.maxBytes ?? Infinity, path, violations);
      return;
    }
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      checkInteger(value, shape.kind, limits, path, violations);
      return;
    default:
      readers[shape.kind](value, path, violations);
  }
}

const readers = {
  bool: read.readBool,
  bytes: read.readBytes,
  timestamp: read.readTimestamp,
  duration: read.readDuration,
  int32: read.readInt32,
  uint32: read.readUint32,
  int64: read.readInt64,
  uint64: read.readUint64,
} as const;

function checkInteger(
  value: unknown,
  kind: 'int32' | 'uint32' | 'int64' | 'uint64',
  { min, max }: Limits,
  path: string,
  violations: FieldViolation[],
): void {
  const integer = BigInt(readers[kind](value, path, violations));
  if (violations.length === 0 && (integer < (min ?? integer) || integer > (max ?? integer))) {
    refuse(violations, path, `must be from ${min ?? 'its least'} to ${max ?? 'its greatest'}`);
  }
}

function checkMessage(
  value: unknown,
  shape: Shape,
  limits: Limits,
  options: Options,
  path: string,
  violations: FieldViolation[],
): void {
  const { fields } = shape.message as DescMessage;
  const members = read.readMembers(value, path, violations) ?? {};
  const names = fields.map(({ jsonName }) => jsonName);
  for (const [name, member] of Object.entries(members)) {
    const field = fields.find(({ jsonName }) => jsonName === name);
    if (field === undefined) {
      read.refuseUnknown(name, `${path}.`, names, violations);
    } else {
      checkField(member, field, options, `${path}.${name}`, violations);
      if (name === 'amountMinor' && isMoney(shape)) {
        checkInteger(member, 'int64', limits, `${path}.${name}`, violations);
      }
    }
  }
}
