import { partition, row } from './change.ts';
import type { Change, Row } from './change.ts';
import { compareSchemas, list, object, resolve } from './schemas.ts';
import type { JsonObject } from './schemas.ts';
import type { Json, Side } from './side.ts';

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];

/** What readers of gen/openapi.json, and clients made from it, find changed. */
export function compareOpenApi(base: Side, head: Side): Row {
  if (base.openapi === undefined || head.openapi === undefined) {
    const where = base.openapi === undefined ? 'the base' : 'the working tree';
    return { ...row('OpenAPI', []), note: `${where} has no gen/openapi.json` };
  }
  const documents = { base: base.openapi, head: head.openapi };
  const { removed, added, kept } = partition(
    operationsOf(documents.base),
    operationsOf(documents.head),
  );
  const changes = [
    ...removed.map((name): Change => ({ level: 'major', text: `${name} removed` })),
    ...added.map((name): Change => ({ level: 'minor', text: `${name} added` })),
    ...kept.flatMap(([name, before, after]) =>
      compareOperations(before, after, documents).map(({ level, text }) => ({
        level,
        text: `${name}: ${text}`,
      })),
    ),
  ];
  return row('OpenAPI', changes.length > 0 ? changes : textChange(documents));
}

/** Whether anything else in two documents differs: descriptions, examples. */
export function textChange({ base, head }: { base: Json; head: Json }): Change[] {
  const withoutVersion = (document: Json) => {
    const { info, ...rest } = object(document);
    return JSON.stringify({ ...rest, info: { ...object(info), version: '' } });
  };
  return withoutVersion(base) === withoutVersion(head)
    ? []
    : [{ level: 'patch', text: 'descriptions or examples changed' }];
}

function operationsOf(document: Json): Record<string, JsonObject> {
  const found: Record<string, JsonObject> = {};
  for (const [path, item] of Object.entries(object(object(document)['paths']))) {
    const { parameters, ...rest } = object(item);
    for (const [method, operation] of Object.entries(rest)) {
      if (methods.includes(method)) {
        const own = object(operation);
        const all = [...list(parameters), ...list(own['parameters'])];
        const name = `${method.toUpperCase()} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
        found[name] = { ...own, parameters: all };
      }
    }
  }
  return found;
}

interface Documents {
  base: Json;
  head: Json;
}

function compareOperations(before: JsonObject, after: JsonObject, documents: Documents): Change[] {
  return [
    ...compareParameters(before, after, documents),
    ...compareBodies(before, after, documents),
    ...compareResponses(before, after, documents),
  ];
}

function parametersOf(operation: JsonObject, document: Json): Record<string, JsonObject> {
  const resolved = list(operation['parameters']).map((each) => resolve(each, document));
  // Path parameters go by their place, not by their name.
  const named = resolved.filter((each) => each['in'] !== 'path');
  return Object.fromEntries(named.map((each) => [`${each['in']} ${each['name']}`, each]));
}

function compareParameters(
  before: JsonObject,
  after: JsonObject,
  { base, head }: Documents,
): Change[] {
  const { removed, added, kept } = partition(parametersOf(before, base), parametersOf(after, head));
  const fresh = parametersOf(after, head);
  return [
    ...removed.map((name): Change => ({ level: 'major', text: `${name} removed` })),
    ...added.map((name): Change => {
      const isRequired = fresh[name]?.['required'] === true;
      const text = isRequired ? `${name} added, and required` : `${name} added`;
      return { level: isRequired ? 'major' : 'minor', text };
    }),
    ...kept.flatMap(([name, older, newer]) => [
      ...compareRequired(name, older, newer),
      ...prefixed(
        name,
        compareSchemas(older['schema'], newer['schema'], { base, head, direction: 'in' }),
      ),
    ]),
  ];
}

function compareRequired(name: string, older: JsonObject, newer: JsonObject): Change[] {
  const [was, is] = [older['required'] === true, newer['required'] === true];
  if (was === is) return [];
  return [
    is
      ? { level: 'major', text: `${name}: required` }
      : { level: 'minor', text: `${name}: no longer required` },
  ];
}

function compareBodies(before: JsonObject, after: JsonObject, { base, head }: Documents): Change[] {
  const [was, is] = [before['requestBody'], after['requestBody']];
  if (was === undefined && is === undefined) return [];
  if (is === undefined) return [{ level: 'major', text: 'request body removed' }];
  const newer = resolve(is, head);
  if (was === undefined) {
    const isRequired = newer['required'] === true;
    return [{ level: isRequired ? 'major' : 'minor', text: 'request body added' }];
  }
  const older = resolve(was, base);
  return [
    ...compareRequired('request body', older, newer),
    ...compareContents('request', older, newer, { base, head, direction: 'in' }),
  ];
}

function compareResponses(before: JsonObject, after: JsonObject, documents: Documents): Change[] {
  const { removed, added, kept } = partition(
    object(before['responses']),
    object(after['responses']),
  );
  return [
    ...removed.map((status): Change => {
      // An error that comes no more hurts nobody.
      return {
        level: status.startsWith('2') ? 'major' : 'minor',
        text: `response ${status} removed`,
      };
    }),
    ...added.map((status): Change => ({ level: 'minor', text: `response ${status} added` })),
    ...kept.flatMap(([status, older, newer]) =>
      compareContents(
        `response ${status}`,
        resolve(older, documents.base),
        resolve(newer, documents.head),
        { ...documents, direction: 'out' },
      ),
    ),
  ];
}

function compareContents(
  name: string,
  before: JsonObject,
  after: JsonObject,
  compared: Parameters<typeof compareSchemas>[2],
): Change[] {
  const { removed, added, kept } = partition(object(before['content']), object(after['content']));
  return prefixed(name, [
    ...removed.map((type): Change => ({ level: 'major', text: `${type} removed` })),
    ...added.map((type): Change => ({ level: 'minor', text: `${type} added` })),
    ...kept.flatMap(([, older, newer]) =>
      compareSchemas(object(older)['schema'], object(newer)['schema'], compared),
    ),
  ]);
}

function prefixed(name: string, changes: readonly Change[]): Change[] {
  return changes.map(({ level, text }) => ({ level, text: `${name} ${text}` }));
}
