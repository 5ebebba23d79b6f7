import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { isSetByCaller } from '../../gen/model.ts';
import { allMessages } from '../../gen/options.ts';
import type { Limits } from '../../gen/options.ts';
import { row } from './change.ts';
import type { Change, Row } from './change.ts';
import type { Side } from './side.ts';

/** What a field that a caller sets has to satisfy. */
interface Rules extends Limits {
  required: boolean;
  settable: boolean;
}

/** Limits that allow less when they grow. */
const lowest = ['minLength', 'min'] as const;
/** Limits that allow more when they grow. */
const highest = ['maxLength', 'max', 'maxItems'] as const;

/** What requests are refused now that were accepted before, and the other way round. */
export function compareValidators(base: Side, head: Side): Row {
  const before = new Map(
    [...allMessages(base.files)].map((message) => [message.typeName, message]),
  );
  const changes: Change[] = [];
  for (const message of allMessages(head.files)) {
    const older = before.get(message.typeName);
    if (older !== undefined && isValidated(head, message)) {
      changes.push(...compareMessages({ base, head }, older, message));
    }
  }
  return row('validation', changes);
}

function isValidated({ model }: Side, message: DescMessage): boolean {
  return model === undefined || model.validated.has(message);
}

function compareMessages(
  { base, head }: { base: Side; head: Side },
  older: DescMessage,
  newer: DescMessage,
): Change[] {
  return newer.fields.flatMap((field) => {
    const before = older.fields.find(({ number }) => number === field.number);
    const after = rulesOf(head, field);
    const name = `${newer.typeName}.${field.name}`;
    if (before !== undefined) {
      return compareRules(rulesOf(base, before), after).map(({ level, text }) => ({
        level,
        text: `${name}: ${text}`,
      }));
    }
    return after.required && after.settable
      ? [{ level: 'major', text: `${name}: new, and required` }]
      : [];
  });
}

function rulesOf({ options }: Side, field: DescField): Rules {
  return {
    ...options.limits(field),
    required: options.has(field, 'REQUIRED'),
    settable: isSetByCaller(field, options),
  };
}

function compareRules(before: Rules, after: Rules): Change[] {
  const changes: Change[] = [];
  const tell = (narrower: boolean, text: string) =>
    changes.push({ level: narrower ? 'major' : 'minor', text });
  if (before.settable !== after.settable) {
    tell(before.settable, after.settable ? 'callers may set it' : 'callers may set it no more');
    return changes;
  }
  if (!after.settable) return changes;
  if (before.required !== after.required) {
    tell(after.required, after.required ? 'required' : 'no longer required');
  }
  for (const name of lowest) {
    const [older, newer] = [before[name], after[name]];
    if (older !== newer) tell((newer ?? -Infinity) > (older ?? -Infinity), was(name, older, newer));
  }
  for (const name of highest) {
    const [older, newer] = [before[name], after[name]];
    if (older !== newer) tell((newer ?? Infinity) < (older ?? Infinity), was(name, older, newer));
  }
  if (before.pattern !== after.pattern) {
    // Whether one pattern allows all that another does is not decided here: it may not.
    tell(after.pattern !== undefined, was('pattern', before.pattern, after.pattern));
  }
  return changes;
}

function was(name: string, before: unknown, after: unknown): string {
  return `${name} was ${before ?? 'none'}, is ${after ?? 'none'}`;
}
