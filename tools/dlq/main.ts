// What to do with messages that could not be published or handled: see docs/operations.md.
import { parseArgs } from 'node:util';
import { findSystem, unreachable } from '../audit/find-system.ts';
import { DeadLetters, type Filter } from '../../services/operations/dead-letters/dead-letters.ts';
import { letterDetails, letterLine } from './letter-text.ts';

const usage = `npm run dlq -- list [FILTER] [--resolved] [--limit N] [--before ID]
npm run dlq -- show ID
npm run dlq -- replay ID… | FILTER | --all
npm run dlq -- discard ID… --reason TEXT
FILTER: --service NAME --source NAME --cause TEXT --type NAME --since TIME`;

const { values, positionals } = parse();
const [command, ...ids] = positionals;

function parse() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        service: text,
        source: text,
        cause: text,
        type: text,
        since: text,
        before: text,
        reason: text,
        limit: { type: 'string', default: '50' },
        resolved: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(`${(error as Error).message}\n${usage}`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const wrongId = [...ids, ...(values.before ? [values.before] : [])].find((id) => !uuid.test(id));
if (wrongId !== undefined) fail(`${wrongId} is not the id of a dead letter.`);

function filter(): Filter {
  const { service, source, cause, type } = values;
  const since = values.since === undefined ? undefined : new Date(values.since);
  if (since && Number.isNaN(since.getTime())) fail(`--since takes a time, not ${values.since}.`);
  return { service, source, cause, type, since };
}

async function list(letters: DeadLetters): Promise<void> {
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) fail('--limit takes 1 to 1000.');
  const { before, resolved } = values;
  const found = await letters.list({ ...filter(), resolved }, { before, limit });
  for (const letter of found) console.log(letterLine(letter));
  if (found.length === limit) console.log(`There may be more: --before ${found.at(-1)!.id}`);
  if (found.length === 0) console.log('There are no dead letters.');
}

async function byIds(letters: DeadLetters) {
  if (ids.length === 0) fail(usage);
  const found = await letters.byIds(ids);
  const missing = ids.find((id) => !found.some((letter) => letter.id === id));
  if (missing !== undefined) fail(`There is no dead letter ${missing}.`);
  return found;
}

async function replay(letters: DeadLetters): Promise<void> {
  const wanted = filter();
  const isFiltered = Object.values(wanted).some((value) => value !== undefined);
  if (ids.length === 0 && !isFiltered && !values.all) fail(`Replay which?\n${usage}`);
  if (ids.length > 0 && (isFiltered || values.all)) fail('Either ids, or a filter, or --all.');
  for await (const letter of ids.length > 0 ? await byIds(letters) : letters.each(wanted)) {
    const outcome = await letters.replay(letter);
    console.log(`${letter.id}  ${outcome}`);
    if (outcome !== 'replayed') process.exitCode = 1;
  }
}

async function discard(letters: DeadLetters): Promise<void> {
  const reason = values.reason ?? '';
  if (reason.trim() === '') fail('Discarding needs --reason TEXT, which is kept.');
  for (const letter of await byIds(letters)) {
    const done = await letters.discard(letter, reason);
    console.log(`${letter.id}  ${done ? 'discarded' : 'died again meanwhile, and is kept'}`);
    if (!done) process.exitCode = 1;
  }
}

async function show(letters: DeadLetters): Promise<void> {
  for (const letter of await byIds(letters)) console.log(letterDetails(letter));
}

const commands: Record<string, (letters: DeadLetters) => Promise<void>> = {
  list,
  show,
  replay,
  discard,
};

const run = commands[command ?? ''] ?? fail(usage);
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
  fail(unreachable(cause) ?? (error as Error).message);
}
