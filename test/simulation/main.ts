// npm run simulate: plays seeds of the deterministic simulation, or one again with its time line.
import {
  type Arguments,
  readArguments,
  requireOptionsOf,
  WrongArgument,
  wholeNumber,
} from '../../tools/command/read-arguments.ts';
import { mutants, noMutant } from './mutants.ts';
import { SeedPlayers } from './play-seeds.ts';
import { replay, replayCommand, shrink } from './replay.ts';
import type { TaskResult } from './seed-worker.ts';

const usage = `npm run simulate                         plays 100,000 seeds not played before
       npm run simulate -- --seeds N            plays N seeds
       npm run simulate -- --seeds N --seed S   plays N seeds from S on
       npm run simulate -- --seed S             plays one seed and prints its time line
  --without A,B   leaves out troubles of that seed, by their numbers in the plan
  --mutant NAME   with one thing wrong in the design: ${Object.keys(mutants).join(', ')}
  --minutes M     ends after M minutes
  --workers W     threads; as many as cores unless told otherwise`;

const options = {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  without: { type: 'string' },
  mutant: { type: 'string' },
  minutes: { type: 'string' },
  workers: { type: 'string' },
} as const;

const seedsDefault = 100_000;
const seedMax = Number.MAX_SAFE_INTEGER / 2;
const progressMs = 10_000;

const play = readArguments(usage, { options }, whatToPlay);
process.exitCode = await play().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 2;
});

function whatToPlay({ values }: Arguments<{ options: typeof options }>): () => Promise<number> {
  const { mutant } = values;
  if (mutant !== undefined && !Object.hasOwn(mutants, mutant)) {
    throw new WrongArgument(`There is no mutant ${mutant}.`);
  }
  const seed = wholeNumber('--seed', values.seed, { min: 0, max: seedMax });
  if (seed !== undefined && values.seeds === undefined) {
    requireOptionsOf('One seed', ['seed', 'without', 'mutant'], values);
    const without = values.without?.split(',') ?? [];
    return () => replayOne(seed, { without, mutant });
  }
  if (values.without !== undefined) throw new WrongArgument('--without is for one --seed alone.');
  const count = wholeNumber('--seeds', values.seeds, { min: 1, max: 1e12 }) ?? seedsDefault;
  const from = seed ?? Math.floor(Math.random() * 2 ** 40);
  const minutes = wholeNumber('--minutes', values.minutes, { min: 1, max: 1e6 }) ?? 1e6;
  const workers = wholeNumber('--workers', values.workers, { min: 1, max: 64 });
  return () => playMany({ from, count, mutant, timeLimitMs: minutes * 60_000, workers });
}

async function replayOne(
  seed: number,
  { without, mutant }: { without: string[]; mutant: string | undefined },
): Promise<number> {
  const { text, outcome } = await replay(seed, { without, mutant: mutantOf(mutant) });
  print(text);
  return outcome.violations.length === 0 ? 0 : 1;
}

async function playMany(task: {
  from: number;
  count: number;
  mutant: string | undefined;
  timeLimitMs: number;
  workers: number | undefined;
}): Promise<number> {
  const startedAt = performance.now();
  let toldAt = startedAt;
  print(`Playing ${task.count} seeds from ${task.from} on.`);
  const players = new SeedPlayers(task.workers);
  const sum = await players.play({
    ...task,
    onProgress(soFar) {
      if (performance.now() - toldAt < progressMs) return;
      toldAt = performance.now();
      print(progressLine(soFar, { task, startedAt }));
    },
  });
  print(figures(sum, performance.now() - startedAt));
  await players.close();
  const [failure] = sum.failures;
  if (failure === undefined) return 0;
  const { seed } = failure;
  const mutant = mutantOf(task.mutant);
  const without = await shrink(seed, mutant);
  print(`\nSeed ${seed} breaks ${failure.violations.map(({ id }) => id).join(', ')}.\n`);
  print((await replay(seed, { without, mutant })).text);
  print(`\nAgain: ${replayCommand(seed, { without, mutant: task.mutant })}`);
  return 1;
}

function mutantOf(name: string | undefined) {
  return name === undefined ? noMutant : mutants[name]!;
}

function progressLine(
  { seeds, failures }: TaskResult,
  { task, startedAt }: { task: { count: number }; startedAt: number },
): string {
  const perSecond = seeds / ((performance.now() - startedAt) / 1_000);
  const leftS = Math.round((task.count - seeds) / perSecond);
  const share = ((100 * seeds) / task.count).toFixed(1);
  const speed = `${Math.round(perSecond)} a second, ${leftS} s left`;
  return `${seeds} seeds (${share} %), ${speed}, ${failures.length} failed`;
}

function figures({ seeds, failures, events, healedMsMax, seen }: TaskResult, tookMs: number) {
  const happened = Object.entries(seen).map(([name, times]) => `${name} ${times}`);
  // Of all threads: on a busy machine it says more than the time on the wall.
  const { user, system } = process.cpuUsage();
  return [
    `${seeds} seeds, ${failures.length} failed, ${events} events,`,
    `${(tookMs / 1_000).toFixed(1)} s, ${Math.round(seeds / (tookMs / 1_000))} seeds a second,`,
    `${((user + system) / 1_000 / seeds).toFixed(2)} ms of processor time for each,`,
    `at rest at most ${(healedMsMax / 1_000).toFixed(1)} s after the faults;`,
    `${happened.join(', ')}`,
  ].join(' ');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
