import { getComments } from '@bufbuild/protoplugin';
import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';

type Commented = DescMessage | DescField | DescEnum;

/** What the contract's author wrote above a declaration, as one paragraph of text. */
export function commentOf(desc: Parameters<typeof getComments>[0]): string {
  return (getComments(desc).leading ?? '').trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** A message as proto3 text of its own, with the full names of the types it refers to. */
export function protoText(message: DescMessage): string {
  const fields = message.fields.flatMap((field) => [
    ...commentLines(field, '  '),
    `  ${label(field)}${fieldType(field)} ${field.name} = ${field.number};`,
  ]);
  return [
    'syntax = "proto3";',
    '',
    `package ${message.file.proto.package};`,
    '',
    ...commentLines(message, ''),
    `message ${message.name} {`,
    ...fields,
    '}',
    '',
  ].join('\n');
}

function commentLines(desc: Commented, indent: string): string[] {
  const text = commentOf(desc);
  return text === '' ? [] : [`${indent}// ${text}`];
}

function label(field: DescField): string {
  return field.fieldKind === 'list' ? 'repeated ' : field.proto.proto3Optional ? 'optional ' : '';
}

function fieldType(field: DescField): string {
  const named = field.message ?? field.enum;
  return named?.typeName ?? ScalarType[field.scalar as ScalarType].toLowerCase();
}
