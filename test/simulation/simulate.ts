import type { Logger } from '#lib/log/logger.ts';
import { systemAccountId } from '../../services/payments/domain/ledger.ts';
import { SimulatedBroker } from './broker.ts';
import { check } from './check.ts';
import { Clients, userIdOf } from './clients.ts';
import { heal, injectFault, type Poisons } from './faults.ts';
import { History, type Violation } from './history.ts';
import { takeOverChance } from './ids.ts';
import { type Mutant, noMutant } from './mutants.ts';
import type { Plan } from './plan.ts';
import { isWaiting } from './postgres/orders-model.ts';
import { silenceMetrics } from './silence-metrics.ts';
import { System } from './system.ts';
import { epochMs, World } from './world.ts';

/** After the faults everything is final within this, in milliseconds of simulated time. */
export const healingMsMax = 60_000;

/** A longer time in which nothing but polls and renewals would happen is slept through. */
const sleptThroughMs = 1_000;

export interface Outcome {
  violations: Violation[];
  /** Things that happened. */
  events: number;
  /** How long the system took to come to rest after the faults, in simulated milliseconds. */
  healedMs: number;
  /** How often what is worth testing has happened. */
  seen: Record<string, number>;
  timeline: readonly string[];
}

let current = new World(0);
let tookOver = false;

const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;

/** Plays one seed to its end and judges it. The same plan and mutant always give the same. */
export async function simulate(
  plan: Plan,
  { mutant = noMutant, timeline = false }: { mutant?: Mutant; timeline?: boolean } = {},
): Promise<Outcome> {
  const world = new World(plan.seed);
  current = world;
  if (!tookOver) {
    takeOverChance(() => current);
    silenceMetrics();
  }
  tookOver = true;
  if (timeline) world.timeline = [];
  const history = new History();
  const broker = new SimulatedBroker(world, history);
  broker.faults = plan.links.broker;
  const log = timeline ? loggerOf(world) : silent;
  const system = new System(world, { broker, mutant, log });
  history.watch(system);
  const undo = mutant.system?.(system) ?? (() => {});
  try {
    return await play(plan, { world, system, history });
  } finally {
    undo();
  }
}

async function play(
  plan: Plan,
  { world, system, history }: { world: World; system: System; history: History },
): Promise<Outcome> {
  const clients = new Clients(system);
  const poisons: Poisons = new Set();
  openAccounts(system, plan);
  for (const service of ['orders', 'payments'] as const) {
    system.databases[service].faults = plan.links.database;
    for (let n = 0; n < plan.instances[service]; n += 1) system.start(service);
  }
  clients.begin(plan);
  for (const fault of plan.faults) {
    world.after(fault.atMs, () => injectFault(system, fault, poisons), true);
  }
  let boundMs = Number.POSITIVE_INFINITY;
  let healedAtMs = 0;
  world.after(
    plan.stormMs,
    () => {
      heal(system);
      healedAtMs = world.nowMs;
      boundMs = boundOf(system);
    },
    true,
  );
  let slept = false;
  const isFinal = () => system.settled && clients.answered;
  await world.run(() => {
    if (world.nowMs > boundMs) return true;
    if (world.stormy || world.nextBusyMs <= world.nowMs + sleptThroughMs) return false;
    const isAsked = clients.calls.length >= plan.orders.length + plan.topUps.length;
    if (world.quiet && isAsked && isFinal()) return true;
    // Once even in the middle of something, as when a relay pauses before it tries again: what
    // waits then waits as long as the machine sleeps, and then has the time it has otherwise.
    if (plan.naps && (!slept || system.published)) {
      const { published } = system;
      const sleptMs = sleepThrough(system, boundMs);
      slept ||= sleptMs > 0;
      if (!published) boundMs += sleptMs;
    }
    return false;
  });
  const violations = check({ system, clients, history, poisons });
  const { counts, disk } = system.broker;
  const seen = { ...counts, lost: disk.lost, ...countsOf(system) };
  const healedMs = Math.max(0, world.nowMs - healedAtMs);
  return { violations, events: world.events, healedMs, seen, timeline: world.timeline ?? [] };
}

/** The latest moment at which all is final: orders that were asked for before wait a bit longer. */
function boundOf({ world, tables: { orders } }: System): number {
  const waiting = orders.orders.committed().filter(({ state }) => isWaiting(state));
  const checks = waiting.map(({ checkMs }) => checkMs - epochMs + healingMsMax / 2);
  return Math.max(world.nowMs + healingMsMax, ...checks);
}

/**
 * Nothing happens until somebody asks or gives up waiting: the machine sleeps until then, but never
 * past the bound. Returns for how long.
 */
function sleepThrough({ world, broker, tables: { orders } }: System, boundMs: number): number {
  let nextMs = Math.min(world.nextBusyMs, broker.nextDueMs);
  for (const { state, checkMs } of orders.orders.committed()) {
    if (isWaiting(state)) nextMs = Math.min(nextMs, checkMs - epochMs);
  }
  const isFar = nextMs > world.nowMs + sleptThroughMs && nextMs < boundMs;
  if (!isFar) return 0;
  const sleptMs = nextMs - world.nowMs;
  world.leapTo(nextMs);
  return sleptMs;
}

function openAccounts({ tables: { payments } }: System, { balances }: Plan): void {
  for (const [user, balanceMinor] of balances.entries()) {
    if (balanceMinor === undefined) continue;
    const time = new Date(epochMs);
    const id = `acc00000-0000-4000-8000-00000000000${user}`;
    const owner = { id, userId: userIdOf(user), currencyCode: 'USD', ledgerVersion: 1n };
    const row = { ...owner, balanceMinor, createTime: time, updateTime: time };
    payments.accounts.preset(row.userId, row);
    payments.transfers.preset(`${id}:1`, {
      accountId: id,
      ledgerVersion: 1n,
      kind: 'TOP_UP',
      debitAccountId: systemAccountId('TOP_UP_CLEARING', 'USD'),
      creditAccountId: id,
      amountMinor: balanceMinor,
      currencyCode: 'USD',
      balanceAfterMinor: balanceMinor,
      orderId: null,
      createTime: time,
    });
  }
}

function countsOf({ tables: { orders, payments } }: System): Record<string, number> {
  const published = orders.outbox.committed();
  const count = (rows: readonly { state: string }[], state: string) =>
    rows.filter((row) => row.state === state).length;
  const all = orders.orders.committed();
  return {
    sentAgain: published.filter(({ publication }) => publication > 1).length,
    healedByAsking: orders.steps
      .committed()
      .filter(({ causeEventId, toState }) => causeEventId === null && isResult(toState)).length,
    takeovers: Math.max(0, orders.relay.latest('')!.term - 1, payments.relay.latest('')!.term - 1),
    deadLetters: orders.deadLetters.committed().length + payments.deadLetters.committed().length,
    paid: count(all, 'PAID'),
    failed: count(all, 'FAILED'),
    cancelled: count(all, 'CANCELLED'),
    refunded: count(payments.payments.committed(), 'REFUNDED'),
  };
}

function isResult(state: string): boolean {
  return state === 'PAID' || state === 'FAILED' || state === 'CANCELLED';
}

function loggerOf(world: World): Logger {
  const line =
    (level: string) =>
    (details: unknown, text = '') =>
      world.note(() => `log ${level}: ${text} ${causeOf(details)}`);
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  } as unknown as Logger;
}

function causeOf(details: unknown): string {
  const { err, error, cause } = details as Record<string, unknown>;
  const found = err ?? error ?? cause;
  return found instanceof Error ? `(${found.name}: ${found.message})` : '';
}
