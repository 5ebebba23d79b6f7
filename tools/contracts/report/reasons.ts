import { httpStatusOf } from '../../gen/emit-tables.ts';
import type { ErrorOption } from '../../gen/options.ts';
import { partition, row } from './change.ts';
import type { Change, Row } from './change.ts';
import type { Side } from './side.ts';

/** What programs that go by error reasons find changed. */
export function compareReasons(base: Side, head: Side): Row {
  const { removed, added, kept } = partition(reasonsOf(base), reasonsOf(head));
  return row('error reasons', [
    ...removed.map((name): Change => ({ level: 'major', text: `${name} removed` })),
    ...added.map((name): Change => ({ level: 'minor', text: `${name} added` })),
    ...kept.flatMap(([name, before, after]) =>
      compare(before, after).map(({ level, text }) => ({ level, text: `${name}: ${text}` })),
    ),
  ]);
}

function reasonsOf({ files, options }: Side): Record<string, ErrorOption> {
  const values = files.flatMap(({ enums }) => enums).flatMap((type) => type.values);
  const entries = values.flatMap((value) => {
    const error = options.error(value);
    return error === undefined ? [] : [[value.name, error]];
  });
  return Object.fromEntries(entries) as Record<string, ErrorOption>;
}

function compare(before: ErrorOption, after: ErrorOption): Change[] {
  const changes: Change[] = [];
  const tell = (level: Change['level'], text: string) => changes.push({ level, text });
  if (before.code !== after.code) {
    tell('major', `gRPC code was ${before.code}, is ${after.code}`);
  }
  if (httpStatusOf(before) !== httpStatusOf(after)) {
    tell('major', `HTTP status was ${httpStatusOf(before)}, is ${httpStatusOf(after)}`);
  }
  for (const key of before.metadata.filter((name) => !after.metadata.includes(name))) {
    tell('major', `metadata ${key} removed`);
  }
  for (const key of after.metadata.filter((name) => !before.metadata.includes(name))) {
    tell('minor', `metadata ${key} added`);
  }
  if (before.retryable !== after.retryable) {
    tell(after.retryable ? 'minor' : 'major', after.retryable ? 'retryable' : 'not retryable');
  }
  if (before.message !== after.message) {
    tell('patch', 'message changed');
  }
  if (before.cause !== after.cause || before.action !== after.action) {
    tell('patch', 'explanation changed');
  }
  return changes;
}
