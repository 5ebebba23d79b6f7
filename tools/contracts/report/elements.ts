import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { commentOf } from '../../gen/asyncapi/proto-text.ts';
import { partition } from './change.ts';
import type { Change } from './change.ts';

/** A declaration of a contract that those who use it see. */
export interface Element {
  /** 'field purser.type.v1.Money.currency_code' */
  title: string;
  /** What it is beside its name: type and label, or the types of an RPC. */
  shape: string;
  /** Number of a field or value. */
  number: number | undefined;
  comment: string;
  /** Key of the message, enum or service that it belongs to. */
  parent: string | undefined;
  /** Full name of that message, enum or service, or its own. */
  owner: string;
}

export type Elements = Readonly<Record<string, Element>>;

/** All declarations by a key that has their names. */
export function elementsOf(files: readonly DescFile[]): Elements {
  const found: Record<string, Element> = {};
  for (const file of files) {
    for (const type of nestedTypes(file)) {
      if (type.kind === 'message') addMessage(type, found);
      if (type.kind === 'enum') addEnum(type, found);
      if (type.kind === 'service') addService(type, found);
    }
  }
  return found;
}

function addMessage(message: DescMessage, found: Record<string, Element>): void {
  const { typeName: owner } = message;
  found[owner] = element(`message ${owner}`, message, { owner });
  for (const field of message.fields) {
    found[`${owner}.${field.name}`] = element(`field ${owner}.${field.name}`, field, {
      owner,
      parent: owner,
      shape: fieldShape(field),
      number: field.number,
    });
  }
}

function addEnum(type: DescEnum, found: Record<string, Element>): void {
  const { typeName: owner } = type;
  found[owner] = element(`enum ${owner}`, type, { owner });
  for (const value of type.values) {
    const { number } = value;
    const rest = { owner, parent: owner, number };
    found[`${owner}.${value.name}`] = element(`value ${owner}.${value.name}`, value, rest);
  }
}

function addService(service: DescService, found: Record<string, Element>): void {
  const { typeName: owner } = service;
  found[owner] = element(`service ${owner}`, service, { owner });
  for (const method of service.methods) {
    const shape = `${method.methodKind} ${method.input.typeName} -> ${method.output.typeName}`;
    const rest = { owner, parent: owner, shape };
    found[`${owner}.${method.name}`] = element(`rpc ${owner}.${method.name}`, method, rest);
  }
}

function element(
  title: string,
  desc: Parameters<typeof commentOf>[0],
  rest: Pick<Element, 'owner'> & Partial<Element>,
): Element {
  const comment = commentOf(desc);
  return { title, shape: '', number: undefined, parent: undefined, comment, ...rest };
}

function fieldShape(field: DescField): string {
  const named = field.message ?? field.enum;
  const type = named?.typeName ?? ScalarType[field.scalar as ScalarType].toLowerCase();
  const label = field.fieldKind === 'list' || field.fieldKind === 'map' ? field.fieldKind : '';
  return `${label} ${field.proto.proto3Optional ? 'optional' : ''} ${type}`.trim();
}

/** What is new on the wire: declarations that no older one was, whatever its name. */
export function additions(base: Elements, head: Elements): Change[] {
  const numbers = new Set(Object.values(base).map(identity));
  const { added } = partition(base, head);
  const isNew = new Set(added.filter((key) => !numbers.has(identity(head[key] as Element))));
  return [...isNew]
    .map((key) => head[key] as Element)
    .filter(({ parent }) => parent === undefined || !isNew.has(parent))
    .map(({ title }) => ({ level: 'minor', text: `${title} added` }));
}

function identity({ title, owner, parent, number }: Element): string {
  return parent === undefined || number === undefined ? title : `${owner} ${number}`;
}

/** Comments of declarations that are on both sides. */
export function comments(base: Elements, head: Elements): Change[] {
  return partition(base, head)
    .kept.filter(([, before, after]) => before.comment !== after.comment)
    .map(([, , { title }]) => ({ level: 'patch', text: `comment of ${title} changed` }));
}

/** What those who go by names find removed, added, or of another type or number. */
export function byName(base: Elements, head: Elements): Change[] {
  const { removed, added, kept } = partition(base, head);
  const gone = new Set(removed);
  const fresh = new Set(added);
  const top = (all: Elements, keys: ReadonlySet<string>) =>
    [...keys]
      .map((key) => all[key] as Element)
      .filter(({ parent }) => parent === undefined || !keys.has(parent));
  return [
    ...top(base, gone).map(({ title }): Change => ({ level: 'major', text: `${title} removed` })),
    ...top(head, fresh).map(({ title }): Change => ({ level: 'minor', text: `${title} added` })),
    ...kept
      .map(([, before, after]) => ({ title: after.title, was: formOf(before), is: formOf(after) }))
      .filter(({ was, is }) => was !== is)
      .map(({ title, was, is }): Change => ({
        level: 'major',
        text: `${title} was ${was}, is ${is}`,
      })),
    ...comments(base, head),
  ];
}

function formOf({ shape, number }: Element): string {
  return number === undefined ? shape : `${shape} = ${number}`.trim();
}
