import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { partition, row } from './change.ts';
import type { Change, Row } from './change.ts';
import { byName, elementsOf } from './elements.ts';
import type { Elements } from './elements.ts';
import type { Side } from './side.ts';

/**
 * The part of its version that the SDK has to raise. It has the methods with a route, what they
 * take and answer, and the error reasons, over REST and over gRPC; events are not in it.
 */
export function compareSdk(base: Side, head: Side, parts: readonly Row[]): Row {
  const changes = byName(sdkElements(base), sdkElements(head));
  // The routes count too: an SDK that is released calls the old ones.
  const others = parts.flatMap(({ aspect, level }): Change[] =>
    level === 'none' ? [] : [{ level, text: `${aspect}: see there` }],
  );
  return row('SDK', [...changes, ...comparePromises(base, head), ...others]);
}

/** Members of answers that were always there and are no more, or the other way round. */
function comparePromises(base: Side, head: Side): Change[] {
  const [before, after] = [promisesOf(base), promisesOf(head)];
  return partition(before, after).kept.flatMap(([name, was, is]): Change[] => {
    if (was === is) return [];
    return [
      is
        ? { level: 'minor', text: `field ${name} is in every answer` }
        : { level: 'major', text: `field ${name} may be missing from an answer` },
    ];
  });
}

/** Whether a field that an answer has is in every one. */
function promisesOf({ model, options }: Side): Record<string, boolean> {
  const messages = [...(model?.written ?? [])].filter((type) => type.kind === 'message');
  const entries = messages.flatMap(({ typeName, fields }) =>
    fields.map((field) => [`${typeName}.${field.name}`, options.has(field, 'REQUIRED')]),
  );
  return Object.fromEntries(entries) as Record<string, boolean>;
}

function sdkElements(side: Side): Elements {
  const known = reached(side);
  const all = Object.entries(elementsOf(side.files));
  return Object.fromEntries(
    // A type with all that it has, or of a service the methods that count.
    all.filter(
      ([key, { parent }]) => known.has(key) || (parent !== undefined && known.has(parent)),
    ),
  );
}

/** Names of all types and methods that a method with a route leads to; all without a model. */
function reached({ model, files }: Side): ReadonlySet<string> {
  const found = new Set<string>();
  if (model === undefined) return new Set(Object.keys(elementsOf(files)));
  function add(message: DescMessage): void {
    if (found.has(message.typeName) || message.typeName.startsWith('google.')) return;
    found.add(message.typeName);
    for (const field of message.fields) addField(field);
  }
  function addField(field: DescField): void {
    if (field.message !== undefined) add(field.message);
    if (field.enum !== undefined) found.add(field.enum.typeName);
  }
  for (const { http, method, service } of model.rpcs) {
    if (http !== undefined) {
      found.add(`${service.typeName}.${method.name}`);
      add(method.input);
      add(method.output);
    }
  }
  return found;
}
