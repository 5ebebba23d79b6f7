import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { Model } from '../model.ts';
import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import type { Options } from '../options.ts';
import { shapeOf } from '../shape.ts';
import type { Kind } from '../shape.ts';
import { isAlwaysThere, sdkTypes, typesPath } from './emit-types.ts';
import type { SdkNames } from './sdk-names.ts';

export const readersPath = ({ folder }: SdkNames) => `${folder}/readers.ts`;

const runtime = '../sdk/src/read-answer.ts';

const scalarReaders: Partial<Record<Kind, string>> = {
  string: 'readText',
  bool: 'readBoolean',
  int32: 'readNumber',
  uint32: 'readNumber',
  int64: 'readBigInt',
  uint64: 'readBigInt',
  bytes: 'readBytes',
  enum: 'readName',
  timestamp: 'readTime',
  duration: 'readText',
  struct: 'readAsIs',
};

/** readers.ts: a function for every message of an answer, from parsed JSON. */
export function emitReaders(model: Model, names: SdkNames, options: Options): Module {
  const module = createModule(readersPath(names));
  const messages = sdkTypes(model).filter((type) => type.kind === 'message');
  for (const message of messages.filter((type) => model.written.has(type))) {
    module.add(messageReader(module, message, names, options));
  }
  return module;
}

/** The name of a message's function. */
export function sdkReaderName(message: DescMessage, names: SdkNames): string {
  return `read${names.type(message)}`;
}

function messageReader(
  module: Module,
  message: DescMessage,
  names: SdkNames,
  options: Options,
): string {
  const type = module.type(names.type(message), typesPath(names));
  const fields = module.type('Fields', runtime);
  const readMessage = module.value('readMessage', runtime);
  const members = message.fields.map(
    (field) => `  ${field.jsonName}: ${fieldReader(module, field, names, options)},`,
  );
  const body = members.length === 0 ? '{}' : `{\n${members.join('\n')}\n}`;
  return `const fieldsOf${names.type(message)}: ${fields} = ${body};

export function ${sdkReaderName(message, names)}(json: unknown): ${type} {
  return ${readMessage}(json, fieldsOf${names.type(message)}) as ${type};
}`;
}

function fieldReader(module: Module, field: DescField, names: SdkNames, options: Options): string {
  const { kind, repeated, message } = shapeOf(field);
  const scalar = scalarReaders[kind];
  const single =
    scalar === undefined
      ? sdkReaderName(message as DescMessage, names)
      : module.value(scalar, runtime);
  // Called where they are defined, which is only left out of a bundle when it is known to be pure.
  if (repeated) return `/* @__PURE__ */ ${module.value('listOf', runtime)}(${single})`;
  if (isAlwaysThere(field, options)) return single;
  return `/* @__PURE__ */ ${module.value('optional', runtime)}(${single})`;
}
