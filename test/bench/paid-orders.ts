import type { BenchSystem } from './bench-system.ts';
import { type LoadPlan, type LoadResult, runClosedLoop } from './closed-loop.ts';
import { restOrder } from './order-request.ts';
import { type Usage, usageBetween } from './process-usage.ts';
import type { Figures, ScenarioContext } from './scenario.ts';

export interface PayOptions extends Partial<LoadPlan> {
  users?: readonly string[];
  /** One call of one of the callers; over REST by default. */
  create?(caller: number, userId: string): Promise<boolean>;
}

/**
 * Creates orders for users chosen at random, waits until all are paid, and audits. An order counts
 * when its step to PAID was committed while the load was measured; times between steps are those of
 * the history.
 */
export async function payOrders(
  { extent, audit }: ScenarioContext,
  system: BenchSystem,
  { users = system.users, create, ...plan }: PayOptions = {},
): Promise<Figures> {
  const overRest = async (caller: number, userId: string) =>
    (await system.http[caller]!.send(restOrder(userId))).status === 201;
  const send = create ?? overRest;
  const window = { from: 0, to: 0, before: undefined as Map<string, Usage> | undefined };
  const load = await runClosedLoop(
    {
      concurrency: system.http.length,
      warmUpMs: extent.warmUpMs,
      measureMs: extent.measureMs,
      ...plan,
      onMeasure() {
        window.from = Date.now();
        window.before = system.usage();
      },
    },
    system.http.map((_, caller) => () => send(caller, randomOf(users))),
  );
  window.to = Date.now();
  const after = system.usage();
  const drainSeconds = await system.drain();
  const paid = await readPaid(system, window);
  await audit(system);
  return {
    ...figuresOf(load, paid, window),
    drainSeconds: round(drainSeconds),
    ...(window.before && after && costs(usageBetween(window.before, after), paid.count)),
  };
}

/**
 * No order that is paid in a measurement was created so long before it. Ids sort like their times,
 * so that the primary key finds the orders among millions of older ones.
 */
const createdBeforeMs = 600_000;

/** The smallest UUID of version 7 of a millisecond. */
function firstIdOf(ms: number): string {
  const hex = Math.floor(ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

interface Paid {
  count: number;
  p50Ms: number;
  p99Ms: number;
}

async function readPaid(
  system: BenchSystem,
  { from, to }: { from: number; to: number },
): Promise<Paid> {
  const [row] = await system.sql<{ count: bigint; p50: number | null; p99: number | null }>(
    'orders',
    `select count(*) as count,
      percentile_cont(0.5) within group (order by ms) as p50,
      percentile_cont(0.99) within group (order by ms) as p99
    from (
      select extract(epoch from paid.create_time - created.create_time)::float8 * 1000 as ms
      from order_events as paid
        join order_events as created on created.order_id = paid.order_id and created.version = 1
      where paid.to_state = 'PAID'
        and paid.order_id > '${firstIdOf(from - createdBeforeMs)}'
        and paid.create_time >= to_timestamp(${from} / 1000.0)
        and paid.create_time < to_timestamp(${to} / 1000.0)
    ) as step`,
  );
  if (row === undefined || row.count === 0n) throw new Error('No order was paid.');
  return { count: Number(row.count), p50Ms: row.p50!, p99Ms: row.p99! };
}

function figuresOf(
  load: LoadResult,
  paid: Paid,
  { from, to }: { from: number; to: number },
): Figures {
  return {
    paidPerSecond: round(paid.count / ((to - from) / 1_000)),
    createdPerSecond: round(load.perSecond),
    failures: load.failures,
    createP50Ms: round(load.latencyMs.p50),
    createP99Ms: round(load.latencyMs.p99),
    createToPaidP50Ms: round(paid.p50Ms),
    createToPaidP99Ms: round(paid.p99Ms),
  };
}

const nodeProcesses = ['orders', 'payments', 'notifications', 'gateway', 'web', 'operations'];

/** CPU of every kind of process for one order or call, under `prefix` and the name of the kind. */
export function cpuFigures(
  usage: ReadonlyMap<string, Usage>,
  count: number,
  prefix = 'cpuMs',
): Figures {
  const kinds = [...usage].filter(([, { cpuMs }]) => cpuMs > 0);
  const cpu = kinds.map(([kind, { cpuMs }]) => [`${prefix}.${kind}`, round(cpuMs / count, 3)]);
  const sum = kinds.reduce((total, [, { cpuMs }]) => total + cpuMs, 0);
  return { ...Object.fromEntries(cpu), [`${prefix}.all`]: round(sum / count, 3) };
}

/** CPU for one paid order, and the memory of our own processes. */
function costs(usage: ReadonlyMap<string, Usage>, orders: number): Figures {
  return { ...cpuFigures(usage, orders), residentNodeMb: residentNodeMb(usage) };
}

/** Memory of all Node processes of the system; the load generator's is not counted. */
export function residentNodeMb(usage: ReadonlyMap<string, Usage>): number {
  const bytes = nodeProcesses.map((kind) => usage.get(kind)?.residentBytes ?? 0);
  return Math.round(bytes.reduce((sum, one) => sum + one, 0) / 1e6);
}

function randomOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
