import type { DescEnum, DescEnumValue, DescFile } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { commentOf } from '../asyncapi/proto-text.ts';
import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import { quoted } from '../names.ts';
import type { ErrorOption, Options } from '../options.ts';

/**
 * gen/error-reference.ts: what the pages about errors say. Throws when a reason, or a value of an
 * enum FailureReason, is not explained.
 */
export function emitErrorReference(files: readonly DescFile[], options: Options): Module {
  const module = createModule('error-reference.ts');
  const reasons = files
    .flatMap(({ enums }) => enums)
    .flatMap(({ values }) => values)
    .flatMap((value) => {
      const error = options.error(value);
      return error === undefined ? [] : [reasonEntry(value, error)];
    });
  if (reasons.length === 0) {
    return module;
  }
  module.add(`/** What a reason means, what led to it and what to do, for people. */
export interface ErrorExplanation {
  meaning: string;
  cause: string;
  action: string;
  /** An example of the metadata that the error carries. */
  metadata: Readonly<Record<string, string>>;
}`);
  const reason = module.type('Reason', 'errors.ts');
  module.add(`export const errorReference: Readonly<Record<${reason}, ErrorExplanation>> = {
${reasons.join('\n')}
};`);
  const enums = files.flatMap((file) => [...nestedTypes(file)]).filter(isFailureReason);
  module.add(`/** What the values of enums named FailureReason mean, by the enum's full name. */
export const failureReasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
${enums.map(failureEntry).join('\n')}
};`);
  return module;
}

function reasonEntry(value: DescEnumValue, error: ErrorOption): string {
  const { cause, action, metadata, metadataExamples } = error;
  const meaning = commentOf(value);
  for (const [name, text] of Object.entries({ comment: meaning, cause, action })) {
    if (text === '') {
      throw new Error(`${value}: it has no ${name}, which the page about errors shows`);
    }
  }
  const examples = metadata.map((key, index) => {
    const example = metadataExamples[index];
    if (example === undefined) {
      throw new Error(`${value}: its metadata ${key} has no example in metadata_examples`);
    }
    return `${key}: ${quoted(example)}`;
  });
  return `  ${value.name}: {
    meaning: ${quoted(meaning)},
    cause: ${quoted(cause)},
    action: ${quoted(action)},
    metadata: {${examples.length === 0 ? '' : ` ${examples.join(', ')} `}},
  },`;
}

function isFailureReason(type: { kind: string; name?: string }): type is DescEnum {
  return type.kind === 'enum' && type.name === 'FailureReason';
}

function failureEntry({ typeName, values }: DescEnum): string {
  const rows = values
    .filter(({ number }) => number !== 0)
    .map((value) => `    ${value.name}: ${quoted(commentOf(value))},`);
  return `  '${typeName}': {
${rows.join('\n')}
  },`;
}
