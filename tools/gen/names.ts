import type { DescField, DescFile } from '@bufbuild/protobuf';
import type { Rpc, Type } from './model.ts';
import { typeName } from './shape.ts';

/** Where the output for a proto file goes: ts-proto's own, the JSON functions, the validators. */
export function messagesPath(file: DescFile): string {
  return `${file.name}.ts`;
}

export function jsonPath(file: DescFile): string {
  return `${file.name}.json.ts`;
}

export function validatePath(file: DescFile): string {
  return `${file.name}.validate.ts`;
}

export function readerName(type: Type): string {
  return `read${typeName(type)}`;
}

export function writerName(type: Type): string {
  return `write${typeName(type)}`;
}

export function validatorName(type: Type): string {
  return `validate${typeName(type)}`;
}

/** Unlike the names above it has a service in it, so that no message's reader has the same. */
export function inputReaderName({ service, method }: Rpc): string {
  return `read${service.name}_${method.name}`;
}

export function inputPathName({ service, method }: Rpc): string {
  return `jsonPathOf${service.name}_${method.name}`;
}

/** The property of a message that holds the field. */
export function property({ jsonName }: DescField): string {
  return jsonName;
}

/** A string as source text. */
export function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}
