import { partition } from './change.ts';
import type { Change } from './change.ts';
import type { Json } from './side.ts';

export type JsonObject = { [name: string]: Json };

/** Which way values go: `in` is what callers send, `out` what they get. */
export type Direction = 'in' | 'out';

export interface Compared {
  /** The whole documents, which references point into. */
  base: Json;
  head: Json;
  direction: Direction;
}

const lowest = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'];
const highest = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'];

/** Keywords whose changes are not understood, and so count as breaking both ways. */
const others = ['additionalProperties', 'anyOf', 'const', 'multipleOf', 'not', 'oneOf'];

export function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

export function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** What a local reference points to; anything else as it is. */
export function resolve(value: Json | undefined, document: Json): JsonObject {
  let found = object(value);
  for (let depth = 0; typeof found['$ref'] === 'string' && depth < 10; depth += 1) {
    const steps = found['$ref'].replace(/^#\//, '').split('/');
    found = object(
      steps.reduce<Json | undefined>((inner, step) => {
        return object(inner)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
      }, document),
    );
  }
  return found;
}

interface Comparison extends Compared {
  changes: Change[];
  /** References on both sides that were followed already: schemas may hold themselves. */
  followed: Set<string>;
}

/** How the values that two JSON Schemas allow differ, each change with the path to it. */
export function compareSchemas(
  before: Json | undefined,
  after: Json | undefined,
  compared: Compared,
): Change[] {
  const comparison = { ...compared, changes: [], followed: new Set<string>() };
  if (before !== undefined && after !== undefined) enter(comparison, before, after, '');
  return comparison.changes;
}

/** Whoever sends values is hurt by what is refused now, whoever gets them by what is missing. */
function tell(to: Comparison, hurts: Direction | 'both', path: string, what: string): void {
  const level = hurts === 'both' || hurts === to.direction ? 'major' : 'minor';
  to.changes.push({ level, text: `${path === '' ? 'value' : path}: ${what}` });
}

function enter(to: Comparison, older: Json, newer: Json, path: string): void {
  const names = [nameOf(older), nameOf(newer)];
  if (names.every((name) => name !== undefined)) {
    const pair = names.join(' ');
    if (to.followed.has(pair)) return;
    to.followed.add(pair);
  }
  compareValues(to, flat(older, to.base), flat(newer, to.head), path);
}

/** Of a reference its target, also of one that only has words of its own beside it. */
function nameOf(schema: Json): string | undefined {
  const { $ref, allOf } = object(schema);
  const only = list(allOf).length === 1 ? object(list(allOf)[0])['$ref'] : undefined;
  return typeof $ref === 'string' ? $ref : typeof only === 'string' ? only : undefined;
}

function compareValues(to: Comparison, older: JsonObject, newer: JsonObject, path: string): void {
  if (JSON.stringify(older['type']) !== JSON.stringify(newer['type'])) {
    tell(to, 'both', path, `type was ${text(older['type'])}, is ${text(newer['type'])}`);
    return;
  }
  compareEnums(to, list(older['enum']), list(newer['enum']), path);
  compareLimits(to, older, newer, path);
  compareProperties(to, older, newer, path);
  if (older['items'] !== undefined && newer['items'] !== undefined) {
    enter(to, older['items'], newer['items'], `${path}[]`);
  }
}

function compareEnums(to: Comparison, older: Json[], newer: Json[], path: string): void {
  if (older.length === 0 || newer.length === 0) {
    if (older.length > 0) tell(to, 'out', path, 'any value, not only those of a list');
    if (newer.length > 0) tell(to, 'in', path, `only ${newer.map(text).join(', ')}`);
    return;
  }
  for (const value of older.filter((each) => !newer.includes(each))) {
    tell(to, 'both', path, `value ${text(value)} removed`);
  }
  for (const value of newer.filter((each) => !older.includes(each))) {
    to.changes.push({ level: 'minor', text: `${path}: value ${text(value)} added` });
  }
}

function compareLimits(to: Comparison, older: JsonObject, newer: JsonObject, path: string): void {
  for (const name of [...lowest, ...highest]) {
    const [was, is] = [older[name], newer[name]] as [number | undefined, number | undefined];
    if (was === is) continue;
    const isNarrower = lowest.includes(name)
      ? (is ?? -Infinity) > (was ?? -Infinity)
      : (is ?? Infinity) < (was ?? Infinity);
    tell(to, isNarrower ? 'in' : 'out', path, `${name} was ${text(was)}, is ${text(is)}`);
  }
  for (const name of others.filter((each) => text(older[each]) !== text(newer[each]))) {
    tell(to, 'both', path, `${name} changed`);
  }
  for (const name of ['pattern', 'format']) {
    if (older[name] !== newer[name]) {
      const hurts = newer[name] === undefined ? 'out' : 'in';
      tell(to, hurts, path, `${name} was ${text(older[name])}, is ${text(newer[name])}`);
    }
  }
}

function compareProperties(
  to: Comparison,
  older: JsonObject,
  newer: JsonObject,
  path: string,
): void {
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  const { removed, added, kept } = partition(
    object(older['properties']),
    object(newer['properties']),
  );
  const was = list(older['required']);
  const is = list(newer['required']);
  for (const name of removed) tell(to, 'both', at(name), 'removed');
  for (const name of added) {
    if (is.includes(name)) tell(to, 'in', at(name), 'added, and required');
    else to.changes.push({ level: 'minor', text: `${at(name)}: added` });
  }
  for (const [name, before, after] of kept) {
    if (!was.includes(name) && is.includes(name)) tell(to, 'in', at(name), 'required');
    if (was.includes(name) && !is.includes(name)) tell(to, 'out', at(name), 'no longer required');
    enter(to, before, after, at(name));
  }
}

/** The schema with its reference followed, and what it is made of put together. */
function flat(value: Json, document: Json): JsonObject {
  const { allOf, ...own } = resolve(value, document);
  let whole: JsonObject = {};
  for (const part of [...list(allOf).map((each) => flat(each, document)), own]) {
    const properties = { ...object(whole['properties']), ...object(part['properties']) };
    const required = [...list(whole['required']), ...list(part['required'])];
    whole = { ...whole, ...part, properties, required };
  }
  return whole;
}

function text(value: Json | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
