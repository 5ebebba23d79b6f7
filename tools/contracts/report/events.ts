import { partition, row } from './change.ts';
import type { Change, Row } from './change.ts';
import { textChange } from './openapi.ts';
import { compareSchemas, list, object } from './schemas.ts';
import type { JsonObject } from './schemas.ts';
import type { Json, Side } from './side.ts';

interface Documents {
  base: Json;
  head: Json;
}

/** What those who listen to events find changed, by gen/asyncapi.json. */
export function compareEvents(base: Side, head: Side): Row {
  if (base.asyncapi === undefined || head.asyncapi === undefined) {
    const where = base.asyncapi === undefined ? 'the base' : 'the working tree';
    return { ...row('events', []), note: `${where} has no gen/asyncapi.json` };
  }
  const documents = { base: base.asyncapi, head: head.asyncapi };
  const changes = [
    ...compareChannels(documents),
    ...compareMessages(documents),
    ...compareHeaders(documents),
    ...compareStreams(documents),
    ...compareConsumers(documents),
  ];
  return row('events', changes.length > 0 ? changes : textChange(documents));
}

function compareChannels({ base, head }: Documents): Change[] {
  const { removed, added, kept } = partition(
    object(object(base)['channels']),
    object(object(head)['channels']),
  );
  return [
    ...removed.map((name): Change => ({ level: 'major', text: `subject ${name} removed` })),
    ...added.map((name): Change => ({ level: 'minor', text: `subject ${name} added` })),
    ...kept.flatMap(([name, before, after]) =>
      ['address', 'x-stream', 'x-producer']
        .filter((key) => object(before)[key] !== object(after)[key])
        .map((key): Change => {
          const [was, is] = [object(before)[key], object(after)[key]];
          return { level: 'major', text: `subject ${name}: ${key} was ${was}, is ${is}` };
        }),
    ),
  ];
}

function schemasOf(document: Json): JsonObject {
  return object(object(object(document)['components'])['schemas']);
}

function compareMessages(documents: Documents): Change[] {
  const messages = (document: Json) => object(object(object(document)['components'])['messages']);
  const { removed, added, kept } = partition(messages(documents.base), messages(documents.head));
  return [
    ...removed.map((name): Change => ({ level: 'major', text: `${name} removed` })),
    ...added.map((name): Change => ({ level: 'minor', text: `${name} added` })),
    ...kept.flatMap(([name]) => {
      const [before, after] = [schemasOf(documents.base)[name], schemasOf(documents.head)[name]];
      const changes = compareSchemas(before, after, { ...documents, direction: 'out' });
      return [...changes, ...compareNumbers(before, after)].map(({ level, text }) => ({
        level,
        text: `${name} ${text}`,
      }));
    }),
  ];
}

/** Field numbers, which the bytes go by. */
function compareNumbers(before: Json | undefined, after: Json | undefined): Change[] {
  const properties = (schema: Json | undefined) => object(object(schema)['properties']);
  return partition(properties(before), properties(after)).kept.flatMap(([name, older, newer]) => {
    const [was, is] = [object(older)['x-field-number'], object(newer)['x-field-number']];
    return was === is ? [] : [{ level: 'major', text: `${name}: number was ${was}, is ${is}` }];
  });
}

function compareHeaders(documents: Documents): Change[] {
  const headers = (document: Json) => {
    const traits = object(object(object(document)['components'])['messageTraits']);
    return object(traits['event'])['headers'];
  };
  const [before, after] = [headers(documents.base), headers(documents.head)];
  return compareSchemas(before, after, { ...documents, direction: 'out' }).map(
    ({ level, text }) => ({ level, text: `header ${text}` }),
  );
}

function compareStreams({ base, head }: Documents): Change[] {
  const { removed, added, kept } = partition(
    object(object(base)['x-streams']),
    object(object(head)['x-streams']),
  );
  return [
    ...removed.map((name): Change => ({ level: 'major', text: `stream ${name} removed` })),
    ...added.map((name): Change => ({ level: 'minor', text: `stream ${name} added` })),
    ...kept
      .filter(([, before, after]) => JSON.stringify(before) !== JSON.stringify(after))
      .map(([name, before, after]): Change => {
        const [was, is] = [object(before)['ageMaxSeconds'], object(after)['ageMaxSeconds']];
        const text = `stream ${name}: settings changed`;
        return { level: Number(is) < Number(was) ? 'major' : 'minor', text };
      }),
  ];
}

/** Who acts on an event is no concern of others who listen. */
function compareConsumers({ base, head }: Documents): Change[] {
  const receivers = (document: Json) => {
    const operations = Object.entries(object(object(document)['operations']));
    return Object.fromEntries(
      operations
        .filter(([, operation]) => object(operation)['action'] === 'receive')
        .map(([name, operation]) => [name, list(object(operation)['messages'])]),
    );
  };
  const { removed, added } = partition(receivers(base), receivers(head));
  return [
    ...removed.map((name): Change => ({ level: 'patch', text: `${name} removed` })),
    ...added.map((name): Change => ({ level: 'patch', text: `${name} added` })),
  ];
}
