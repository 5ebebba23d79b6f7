import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from '../../services/operations/audit/audit.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';
import type { Counted, Drill, DrillContext } from './drill.ts';
import { checkHistory } from './history/check-history.ts';
import { readBooks } from './history/read-books.ts';
import { Load } from './load/load.ts';
import { Observer, select } from './observe.ts';
import { Random } from './random.ts';
import { World } from './world/world.ts';

export interface Outcome {
  name: string;
  seed: number;
  rounds: number;
  seconds: number;
  injected: Record<string, number>;
  observed: Record<string, number>;
  measured: Record<string, { value: number; unit: string }>;
  orders: number;
  operations: number;
  /** Seconds from the end of the load until no order waited any more. */
  finalSeconds: number;
  checksHeld: number;
  /** Empty when the drill has passed. */
  faults: string[];
}

const quietTimeoutMs = 30_000;

/** Runs one drill on a system of its own, under load, and judges it. */
export async function runDrill(
  drill: Drill,
  { seed, rounds, say }: { seed: number; rounds: number; say(line: string): void },
): Promise<Outcome> {
  const startedAt = performance.now();
  const random = new Random(seed);
  const prepared = await drill.prepare(random.fork());
  const outcome: Outcome = {
    name: drill.name,
    seed,
    rounds,
    seconds: 0,
    injected: {},
    observed: {},
    measured: {},
    orders: 0,
    operations: 0,
    finalSeconds: 0,
    checksHeld: 0,
    faults: [],
  };
  let world: World | undefined;
  try {
    say('starting the system');
    world = await World.start(prepared.world);
    const load = new Load(world, random.fork(), drill.load);
    const observer = new Observer(world);
    try {
      await observer.start();
      await load.start();
      const counted = (what: Counted) => observer.sum(what);
      await prepared.run({ rounds, random, world, load, say, counted, ...notes(outcome) });
    } catch (error) {
      outcome.faults.push(`the drill itself failed: ${(error as Error).stack}`);
    }
    await judge(drill, outcome, { world, load, observer, say });
    load.close();
  } finally {
    await world?.stop();
    await prepared.undo?.();
  }
  outcome.seconds = (performance.now() - startedAt) / 1_000;
  return outcome;
}

function notes(
  outcome: Outcome,
): Pick<DrillContext, 'injected' | 'observed' | 'measured' | 'fault'> {
  const add =
    (sums: Record<string, number>) =>
    (what: string, count = 1) => {
      sums[what] = (sums[what] ?? 0) + count;
    };
  return {
    injected: add(outcome.injected),
    observed: add(outcome.observed),
    measured: (what, value, unit) => {
      const before = outcome.measured[what]?.value ?? Number.NEGATIVE_INFINITY;
      outcome.measured[what] = { value: Math.max(value, before), unit };
    },
    fault: (what) => {
      if (outcome.faults.length < 50) outcome.faults.push(what);
    },
  };
}

/** Everything heals, nothing moves any more, and the books are looked at. */
async function judge(
  drill: Drill,
  outcome: Outcome,
  {
    world,
    load,
    observer,
    say,
  }: { world: World; load: Load; observer: Observer; say(line: string): void },
): Promise<void> {
  const { faults } = outcome;
  say('healing, and waiting until every order is final');
  for (const member of world.members) {
    member.thaw();
    member.release();
  }
  await load.stop();
  const healedAt = performance.now();
  const finalWithinMs = (drill.finalWithinSeconds ?? 90) * 1_000;
  const left = await waitUntilFinal(world, finalWithinMs);
  outcome.finalSeconds = (performance.now() - healedAt) / 1_000;
  if (left !== 0) faults.push(`${left} orders are not final after ${finalWithinMs / 1_000} s`);
  if (!(await untilReady(world))) faults.push('a process is not ready again');
  const unknown = await load.resolve();
  if (unknown > 0) outcome.observed['unknown outcomes resolved by their keys'] = unknown;
  await waitUntilFinal(world, finalWithinMs);
  Object.assign(outcome.observed, await observer.stop());
  say('audit');
  const report = await quietAudit(world);
  outcome.checksHeld = report.checks.length - brokenChecks(report).length;
  if (brokenChecks(report).length > 0) faults.push(reportText(report));
  const history = load.history.filter(({ op, outcome: end }) => isKept(op, end));
  const anomalies = checkHistory(history, await readBooks(world.addresses()));
  for (const { kind, what } of anomalies.slice(0, 20)) faults.push(`history, ${kind}: ${what}`);
  for (const surprise of load.surprises) faults.push(`an answer of no known kind: ${surprise}`);
  for (const wanted of drill.mustObserve) {
    if (!outcome.observed[wanted]) faults.push(`nothing was observed of: ${wanted}`);
  }
  outcome.orders = load.ordersCreated;
  outcome.operations = load.history.length;
  const times = load.creationMs.toSorted((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)];
  if (p99 !== undefined)
    outcome.measured['p99 of creating an order, retries included'] = { value: p99, unit: 'ms' };
}

/** Reads and cancellations that nobody answered say nothing, and are not asked for again. */
function isKept(op: string, end: string): boolean {
  return end !== 'unknown' || op === 'create' || op === 'topUp';
}

const waitingOrders =
  "select count(*) as count from orders where state in ('PENDING', 'CANCELLING')";

/** The number of orders that still wait when the time is over, or -1 without a database. */
export async function waitUntilFinal(world: World, timeoutMs: number): Promise<number> {
  const giveUpAt = performance.now() + timeoutMs;
  let left = -1;
  while (performance.now() < giveUpAt) {
    try {
      const [row] = await select<{ count: string }>(world.addresses().orders, waitingOrders);
      left = Number(row!.count);
      if (left === 0) return 0;
    } catch {
      left = -1;
    }
    await sleep(100);
  }
  return left;
}

async function untilReady(world: World): Promise<boolean> {
  const giveUpAt = performance.now() + quietTimeoutMs;
  while (performance.now() < giveUpAt) {
    if (await world.isReady()) return true;
    await sleep(200);
  }
  return false;
}

/** With next to no grace, so asked again while the last messages arrive. */
async function quietAudit(world: World) {
  const giveUpAt = performance.now() + quietTimeoutMs;
  for (;;) {
    const isLate = performance.now() > giveUpAt;
    try {
      const report = await audit({ ...world.addresses(), graceMs: 1_000 });
      if (brokenChecks(report).length === 0 || isLate) return report;
    } catch (error) {
      // A server may have no session left for a moment.
      if (isLate) throw error;
    }
    await sleep(1_000);
  }
}

/** What a reader wants to know of an outcome. */
export function outcomeText(outcome: Outcome): string {
  const list = (sums: Record<string, number>) =>
    Object.entries(sums)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ') || 'nothing';
  const measured = Object.entries(outcome.measured).map(
    ([what, { value, unit }]) => `${what} ${value.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`,
  );
  const verdict = outcome.faults.length === 0 ? 'PASSED' : 'FAILED';
  const { name, seed, rounds, finalSeconds: final } = outcome;
  return [
    `${verdict} ${name}, seed ${seed}, ${rounds} rounds, ${outcome.seconds.toFixed(0)} s`,
    `  injected  ${list(outcome.injected)}`,
    `  observed  ${list(outcome.observed)}`,
    `  measured  ${measured.join(', ')}`,
    `  load      ${outcome.orders} orders, ${outcome.operations} operations in the history`,
    `  final     ${final.toFixed(1)} s after the load; ${outcome.checksHeld} checks hold`,
    ...outcome.faults.map((fault) => `  FAULT     ${fault.replaceAll('\n', '\n            ')}`),
  ].join('\n');
}
