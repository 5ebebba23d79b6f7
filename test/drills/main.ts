// What `npm run drill -- …` runs: breaks a system of its own under load, and judges it. Exits
// with 1 when a drill has failed, with 2 when it could not run.
import { spawnSync } from 'node:child_process';
import {
  type Arguments,
  readArguments,
  requireOptionsOf,
  WrongArgument,
  wholeNumber,
} from '../../tools/command/read-arguments.ts';
import type { Drill } from './drill.ts';
import { drills } from './drills.ts';
import { recordOutcome } from './record.ts';
import { outcomeText, runDrill } from './run-drill.ts';

/** Set in the process that has a network, or mounts, of its own. */
const isolatedVariable = 'PURSER_DRILL_ISOLATED';

/** Rounds of each drill in the mix. */
const smoke: Readonly<Record<string, number>> = {
  'kill-at-points': 8,
  'kill-anything': 30,
  'cut-postgres': 3,
  'unknown-publishes': 1,
  'wipe-broker': 2,
  duplicates: 1,
  poison: 1,
};

const usage = `npm run drill -- list | smoke | all | NAME
Breaks a system of its own under load, and proves that nothing was lost or done twice.
  list                                     every drill, and what it does
  NAME [--seed N] [--rounds N] [--record]  one of them; --record writes docs/reliability.md
  smoke [--seed N]                         a mix of about five minutes
  all [--seed N] [--rounds N]              all of them, recorded
  --seed N                                 what is left to chance; random unless told otherwise`;

const options = {
  seed: { type: 'string' },
  rounds: { type: 'string' },
  record: { type: 'boolean' },
} as const;

/** Of those that do not take all of them. */
const optionsOf = new Map([
  ['list', []],
  ['smoke', ['seed']],
]);

interface Wanted {
  drill: Drill;
  rounds: number;
  isRecorded: boolean;
}

type Given = Arguments<{ allowPositionals: true; options: typeof options }>;

interface Chosen {
  wanted: Wanted[];
  seed: number;
}

/** Undefined when all are to be listed. */
function chosenDrills({ values, positionals }: Given): Chosen | undefined {
  const [name = 'list', ...more] = positionals;
  if (more.length > 0) {
    throw new WrongArgument(`One drill at a time, not ${more.join(' ')} as well.`);
  }
  requireOptionsOf(name, optionsOf.get(name) ?? Object.keys(options), values);
  const seed =
    wholeNumber('--seed', values.seed, { min: 0, max: 999_999_999 }) ??
    Math.floor(Math.random() * 1e6);
  const rounds = wholeNumber('--rounds', values.rounds, { min: 1 });
  if (name === 'list') return undefined;
  const choose = (drill: Drill, isRecorded: boolean): Wanted => ({
    drill,
    rounds: rounds ?? drill.roundsDefault,
    isRecorded,
  });
  if (name === 'all') return { seed, wanted: drills.map((drill) => choose(drill, true)) };
  if (name === 'smoke') {
    const mix = drills.filter((drill) => smoke[drill.name] !== undefined);
    const wanted = mix.map((drill) => ({ ...choose(drill, false), rounds: smoke[drill.name]! }));
    return { seed, wanted };
  }
  const drill = drills.find((known) => known.name === name);
  if (drill === undefined) {
    throw new WrongArgument(`There is no drill ${name}; \`list\` names them all.`);
  }
  return { seed, wanted: [choose(drill, values.record ?? false)] };
}

function list(): void {
  for (const { name, faults, says, round, roundsDefault, needs } of drills) {
    const root = needs === undefined ? '' : '; needs root';
    console.log(`${name.padEnd(20)} ${faults.padEnd(14)} ${says}`);
    console.log(`${''.padEnd(35)} a round: ${round}; ${roundsDefault} by default${root}`);
  }
}

/** False when the drill has failed. */
async function run({ drill, rounds, isRecorded }: Wanted, seed: number): Promise<boolean> {
  if (drill.needs !== undefined && process.env[isolatedVariable] === undefined) {
    return runIsolated({ drill, rounds, isRecorded }, seed);
  }
  const startedAt = performance.now();
  const say = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5);
    console.log(`${seconds} s  ${line}`);
  };
  console.log(`${drill.name} (${drill.faults}), seed ${seed}, ${rounds} rounds: ${drill.says}`);
  const outcome = await runDrill(drill, { seed, rounds, say });
  console.log(`${outcomeText(outcome)}\n`);
  if (isRecorded) recordOutcome(drill, outcome);
  return outcome.faults.length === 0;
}

/** The same in a namespace, whose mounts and rules of the network vanish with it. */
function runIsolated({ drill, rounds, isRecorded }: Wanted, seed: number): boolean {
  if (process.getuid?.() !== 0) throw new Error(`${drill.name} needs root and Linux.`);
  const kind = drill.needs === 'own network' ? '--net' : '--mount';
  const self = [process.execPath, import.meta.filename, drill.name];
  const numbers = ['--seed', String(seed), '--rounds', String(rounds)];
  const args = [kind, ...self, ...numbers, ...(isRecorded ? ['--record'] : [])];
  const env = { ...process.env, [isolatedVariable]: drill.needs };
  const { status, error } = spawnSync('unshare', args, { stdio: 'inherit', env });
  if (error) throw new Error(`${drill.name} needs unshare of util-linux: ${error.message}`);
  return status === 0;
}

let exitCode = 0;
const chosen = readArguments(usage, { allowPositionals: true, options }, chosenDrills);
try {
  if (chosen === undefined) list();
  if (process.env[isolatedVariable] === 'own network') spawnSync('ip', ['link', 'set', 'lo', 'up']);
  for (const wanted of chosen?.wanted ?? []) {
    const { name, needs } = wanted.drill;
    if (needs !== undefined && process.getuid?.() !== 0 && chosen!.wanted.length > 1) {
      console.log(`${name} is left out: it needs root.\n`);
      continue;
    }
    if (!(await run(wanted, chosen!.seed))) exitCode = 1;
  }
} catch (error) {
  console.error((error as Error).message);
  exitCode = 2;
}
process.exit(exitCode);
