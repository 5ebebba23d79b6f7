import type { DescEnumValue } from '@bufbuild/protobuf';
import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import { quoted } from '../names.ts';
import type { ErrorOption } from '../options.ts';
import { commentOf, jsDoc } from './comments.ts';

/** gen/sdk/reasons.ts: the catalogue of errors as types, which weigh nothing. */
export function emitReasons(catalogue: readonly [DescEnumValue, ErrorOption][]): Module {
  const module = createModule('sdk/reasons.ts');
  const reasons = catalogue.map(
    ([value]) => `${jsDoc(commentOf(value), '  ')}  | ${quoted(value.name)}`,
  );
  const metadata = catalogue.map(([{ name }, error]) => {
    const keys = error.metadata.map((key) => `${key}: string`);
    return `  ${name}: ${keys.length === 0 ? 'Record<never, string>' : `{ ${keys.join('; ')} }`};`;
  });
  module.add(`/** Why the service refused a call, for programs. */
export type ServiceReason =${reasons.length === 0 ? ' never' : `\n${reasons.join('\n')}`};`);
  module.add(`/** What an error of each reason says beside. */
export interface ReasonMetadata {${metadata.length === 0 ? '' : `\n${metadata.join('\n')}\n`}}`);
  return module;
}
