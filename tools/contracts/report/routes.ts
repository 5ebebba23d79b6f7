import type { HttpBinding } from '../../gen/http-rule.ts';
import type { Rpc } from '../../gen/model.ts';
import { partition, row } from './change.ts';
import type { Change, Row } from './change.ts';
import type { Side } from './side.ts';

const aspect = 'REST routes';

/** What callers over REST find removed, added, or of another form. */
export function compareRoutes(base: Side, head: Side): Row {
  if (base.model === undefined || head.model === undefined) {
    const note = 'the contracts of one side break a rule of today’s generator';
    return { ...row(aspect, []), note };
  }
  const { removed, added, kept } = partition(routesOf(base.model.rpcs), routesOf(head.model.rpcs));
  return row(aspect, [
    ...removed.map((route): Change => ({ level: 'major', text: `${route} removed` })),
    ...added.map((route): Change => ({ level: 'minor', text: `${route} added` })),
    ...kept.flatMap(([route, before, after]) =>
      compare(before, after).map(({ level, text }) => ({ level, text: `${route}: ${text}` })),
    ),
  ]);
}

/** By method and path; what a path parameter is called is not the caller's concern. */
function routesOf(rpcs: readonly Rpc[]): Record<string, HttpBinding> {
  const entries = rpcs.flatMap(({ http }) =>
    http === undefined
      ? []
      : [[`${http.httpMethod} ${http.path.replaceAll(/\{[^}]*\}/g, '{}')}`, http]],
  );
  return Object.fromEntries(entries) as Record<string, HttpBinding>;
}

function compare(before: HttpBinding, after: HttpBinding): Change[] {
  const changes: Change[] = [];
  const bodies = [bodyOf(before), bodyOf(after)];
  if (bodies[0] !== bodies[1]) {
    changes.push({ level: 'major', text: `the body was ${bodies[0]}, is ${bodies[1]}` });
  }
  for (const kind of ['query', 'headers'] as const) {
    const name = kind === 'query' ? 'query parameter' : 'header';
    const [older, newer] = [namesOf(before[kind]), namesOf(after[kind])];
    for (const gone of older.filter((each) => !newer.includes(each))) {
      changes.push({ level: 'major', text: `${name} ${gone} removed` });
    }
    for (const fresh of newer.filter((each) => !older.includes(each))) {
      changes.push({ level: 'minor', text: `${name} ${fresh} added` });
    }
  }
  return changes;
}

function bodyOf({ body }: HttpBinding): string {
  if (body === undefined) return 'none';
  return body === '*' ? 'the request' : `of the type ${body.message?.typeName ?? body.name}`;
}

function namesOf(list: readonly ({ jsonName: string } | { header: string })[]): string[] {
  return list.map((each) => ('header' in each ? each.header : each.jsonName));
}
