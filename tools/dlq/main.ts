// What to do with messages that could not be published or handled: see docs/operations.md.
import { findSystem, unreachable } from '../audit/find-system.ts';
import {
  type Arguments,
  readArguments,
  requireOptionsOf,
  WrongArgument,
  wholeNumber,
} from '../command/read-arguments.ts';
import { DeadLetters, type Filter } from '../../services/operations/dead-letters/dead-letters.ts';
import { letterDetails, letterLine } from './letter-text.ts';

const usage = `npm run dlq -- list [FILTER] [--resolved] [--limit N] [--before ID]
       npm run dlq -- show ID…
       npm run dlq -- replay ID… | FILTER | --all
       npm run dlq -- discard ID… --reason TEXT
What to do with messages that could not be published or handled.
  FILTER       --service NAME --source NAME --cause TEXT --type NAME --since TIME
  --resolved   also those that were replayed or discarded
  --limit N    how many at most, 1 to 1000; 50 unless told otherwise
  --before ID  those that are older
  --reason     is kept with the message`;

const text = { type: 'string' } as const;
const filters = { service: text, source: text, cause: text, type: text, since: text };
const options = {
  ...filters,
  resolved: { type: 'boolean' },
  limit: text,
  before: text,
  all: { type: 'boolean' },
  reason: text,
} as const;

type Given = Arguments<{ allowPositionals: true; options: typeof options }>;
type Run = (letters: DeadLetters) => Promise<void>;

const commands: Readonly<Record<string, { options: string[]; read(given: Given): Run }>> = {
  list: { options: [...Object.keys(filters), 'resolved', 'limit', 'before'], read: list },
  show: { options: [], read: show },
  replay: { options: [...Object.keys(filters), 'all'], read: replay },
  discard: { options: ['reason'], read: discard },
};

const run = readArguments(usage, { allowPositionals: true, options }, (given) => {
  const [name = '', ...ids] = given.positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new WrongArgument('Name one of list, show, replay and discard.');
  requireOptionsOf(name, command.options, given.values);
  return command.read({ ...given, positionals: ids });
});

function list({ values, positionals }: Given): Run {
  if (positionals.length > 0) throw new WrongArgument('list takes no ids; show does.');
  const { before, resolved = false } = values;
  if (before !== undefined) requireIds([before]);
  const limit = wholeNumber('--limit', values.limit ?? '50', { min: 1, max: 1_000 });
  const filter = filterOf(values);
  return async (letters) => {
    const found = await letters.list({ ...filter, resolved }, { before, limit });
    for (const letter of found) console.log(letterLine(letter));
    if (found.length === limit) console.log(`There may be more: --before ${found.at(-1)!.id}`);
    if (found.length === 0) console.log('There are no dead letters.');
  };
}

function show({ positionals: ids }: Given): Run {
  requireIds(ids);
  return async (letters) => {
    for (const letter of await byIds(letters, ids)) console.log(letterDetails(letter));
  };
}

function replay({ values, positionals: ids }: Given): Run {
  const filter = filterOf(values);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (ids.length > 0 && (isFiltered || values.all)) {
    throw new WrongArgument('Either ids, or a filter, or --all.');
  }
  if (ids.length > 0) requireIds(ids);
  else if (!isFiltered && !values.all) throw new WrongArgument('Replay which?');
  return async (letters) => {
    for await (const letter of ids.length > 0 ? await byIds(letters, ids) : letters.each(filter)) {
      const outcome = await letters.replay(letter);
      console.log(`${letter.id}  ${outcome}`);
      if (outcome !== 'replayed') process.exitCode = 1;
    }
  };
}

function discard({ values, positionals: ids }: Given): Run {
  requireIds(ids);
  const reason = values.reason ?? '';
  if (reason.trim() === '') {
    throw new WrongArgument('Discarding needs --reason TEXT, which is kept.');
  }
  return async (letters) => {
    for (const letter of await byIds(letters, ids)) {
      const done = await letters.discard(letter, reason);
      console.log(`${letter.id}  ${done ? 'discarded' : 'died again meanwhile, and is kept'}`);
      if (!done) process.exitCode = 1;
    }
  };
}

function filterOf({ service, source, cause, type, since: time }: Given['values']): Filter {
  const since = time === undefined ? undefined : new Date(time);
  if (since && Number.isNaN(since.getTime())) {
    throw new WrongArgument(`--since takes a time, not ${time}.`);
  }
  return { service, source, cause, type, since };
}

function requireIds(ids: readonly string[]): void {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  const wrong = ids.find((id) => !uuid.test(id));
  if (wrong !== undefined) throw new WrongArgument(`${wrong} is not the id of a dead letter.`);
  if (ids.length === 0) throw new WrongArgument('Name the ids of dead letters.');
}

async function byIds(letters: DeadLetters, ids: readonly string[]) {
  const found = await letters.byIds(ids);
  const missing = ids.find((id) => !found.some((letter) => letter.id === id));
  if (missing !== undefined) throw new Error(`There is no dead letter ${missing}.`);
  return found;
}

try {
  const { orders, payments, notifications } = findSystem('operations');
  const letters = await DeadLetters.open({
    orders,
    payments,
    ...(notifications && { notifications }),
  });
  try {
    await run(letters);
  } finally {
    await letters.close();
  }
} catch (error) {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  console.error(unreachable(cause) ?? (error as Error).message);
  process.exit(2);
}
