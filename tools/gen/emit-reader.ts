import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { isSetByCaller } from './model.ts';
import type { Type } from './model.ts';
import type { Module } from './module.ts';
import { jsonPath, messagesPath, property, quoted, readerName } from './names.ts';
import type { Options } from './options.ts';
import { emptyValue, shapeOf, typeName } from './shape.ts';
import type { Kind, Shape } from './shape.ts';

export const readJson = '#lib/contract/read-json.ts';

const scalarReaders: Partial<Record<Kind, string>> = {
  string: 'readString',
  bool: 'readBool',
  int32: 'readInt32',
  uint32: 'readUint32',
  int64: 'readInt64',
  uint64: 'readUint64',
  bytes: 'readBytes',
  timestamp: 'readTimestamp',
  duration: 'readDuration',
  struct: 'readStruct',
};

/** The function that reads one value of the field. */
export function readerOf(module: Module, shape: Shape): string {
  const scalar = scalarReaders[shape.kind];
  if (scalar !== undefined) {
    return module.value(scalar, readJson);
  }
  const type = (shape.enum ?? shape.message) as Type;
  return module.value(readerName(type), jsonPath(type.file));
}

export function emitReader(module: Module, type: Type, options: Options): void {
  module.add(
    type.kind === 'enum' ? enumReader(module, type) : messageReader(module, type, options),
  );
}

function enumReader(module: Module, type: DescEnum): string {
  const name = typeName(type);
  const typeImport = module.type(name, messagesPath(type.file));
  const fieldViolation = module.type('FieldViolation', '#lib/contract/types.ts');
  const readEnum = module.value('readEnum', readJson);
  const values = type.values.map((value) => `  [${quoted(value.name)}, ${value.number}],`);
  return `const values${name} = new Map<string, ${typeImport}>([
${values.join('\n')}
]);

export function read${name}(
  value: unknown,
  path: string,
  violations: ${fieldViolation}[],
): ${typeImport} {
  return ${readEnum}(value, path, violations, values${name});
}`;
}

function messageReader(module: Module, type: DescMessage, options: Options): string {
  const name = typeName(type);
  const typeImport = module.type(name, messagesPath(type.file));
  const fieldViolation = module.type('FieldViolation', '#lib/contract/types.ts');
  const names = type.fields.map((field) => quoted(field.jsonName));
  const readMembers = module.value('readMembers', readJson);
  return `const members${name}: string[] = [${names.join(', ')}];

export function read${name}(
  value: unknown,
  path: string,
  violations: ${fieldViolation}[],
): ${typeImport} {
  const message: ${typeImport} = ${emptyMessage(type.fields)};
  const members = ${readMembers}(value, path, violations);
  if (members === undefined) {
    return message;
  }
  const prefix = path === '' ? '' : \`\${path}.\`;
${memberLoop(module, type.fields, `members${name}`, options)}
  return message;
}`;
}

/** A message without anything in it, as source text. */
export function emptyMessage(fields: readonly DescField[]): string {
  const properties = fields.map((field) => `${property(field)}: ${emptyValue(shapeOf(field))}`);
  return properties.length === 0 ? '{}' : `{ ${properties.join(', ')} }`;
}

/** Reads `members` into `message`; in scope are also `prefix` and `violations`. */
export function memberLoop(
  module: Module,
  fields: readonly DescField[],
  known: string,
  options: Options,
): string {
  const refuseUnknown = module.value('refuseUnknown', readJson);
  const cases = fields
    .filter((field) => isSetByCaller(field, options))
    .map((field) => memberCase(module, field));
  const serverSet = fields.filter((field) => !isSetByCaller(field, options));
  if (serverSet.length > 0) {
    const labels = serverSet.map((field) => `      case ${quoted(field.jsonName)}:`);
    const refuseServerSet = module.value('refuseServerSet', readJson);
    cases.push(`${labels.join('\n')}
        ${refuseServerSet}(\`\${prefix}\${name}\`, violations);
        break;`);
  }
  cases.push(`      default:
        ${refuseUnknown}(name, prefix, ${known}, violations);`);
  const required = fields.filter((field) => isRequiredNumber(field, options));
  return `  for (const [name, member] of Object.entries(members)) {
    switch (name) {
${cases.join('\n')}
    }
  }${required.map((field) => requiredCheck(module, field)).join('')}`;
}

function memberCase(module: Module, field: DescField): string {
  const shape = shapeOf(field);
  const read = readerOf(module, shape);
  const path = `\`\${prefix}${field.jsonName}\``;
  const call = shape.repeated
    ? `${module.value('readList', readJson)}(member, ${path}, violations, ${read})`
    : `${read}(member, ${path}, violations)`;
  return `      case ${quoted(field.jsonName)}:
        message.${property(field)} = ${call};
        break;`;
}

/**
 * A required number is checked here: in the message its absence looks like a 0, while JSON tells
 * them apart. The validator checks every other kind for every transport.
 */
function isRequiredNumber(field: DescField, options: Options): boolean {
  const { kind, repeated, optional } = shapeOf(field);
  const isNumber = ['bool', 'int32', 'uint32', 'int64', 'uint64'].includes(kind);
  return isNumber && !repeated && !optional && options.has(field, 'REQUIRED');
}

function requiredCheck(module: Module, { jsonName }: DescField): string {
  const refuse = module.value('refuse', '#lib/contract/refuse.ts');
  return `
  if (!Object.hasOwn(members, ${quoted(jsonName)})) {
    ${refuse}(violations, \`\${prefix}${jsonName}\`, 'is required');
  }`;
}
