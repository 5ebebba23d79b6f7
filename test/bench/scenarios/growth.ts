import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type BenchSystem, openConnections, startBenchSystem } from '../bench-system.ts';
import { auditUsers } from '../growth/audit-users.ts';
import { fill, oldUser } from '../growth/fill.ts';
import { payOrders, round } from '../paid-orders.ts';
import { type Figures, type Scenario, type ScenarioContext, Skipped } from '../scenario.ts';
import { listOrders, orderNames } from './read.ts';

/** One page of a list; each user has as many old orders, so that none of them lists fewer. */
const ordersPerUser = 50;

/**
 * The two systems take turns, each as often first as second, so that what the machine does beside
 * them hits both alike.
 */
const rounds = 2;

/** Tables, indexes and the write-ahead log of filling them. */
const bytesPerOrder = 2_000;

/** Up to so many old orders the audit reads all of them. */
const auditedMax = 1_000_000;

/** Users of the empty system whose orders are listed; they have ordered just before. */
const listingUsers = 20;

export const growth: Scenario = {
  name: 'growth',
  about: '`pay` and the first page of a list with millions of old orders, against empty tables',
  ownSystems: true,
  async run(context) {
    const { extent, print } = context;
    requireDisk(extent.oldOrders);
    const empty = await startUsed(extent.users);
    try {
      const grown = await startGrown(context);
      try {
        const measured = await compare(context, { empty, grown });
        print('auditing');
        await context.audit(empty);
        await (extent.oldOrders > auditedMax ? auditUsers(grown) : context.audit(grown));
        return { oldOrders: extent.oldOrders, ...measured };
      } finally {
        await grown.close();
      }
    } finally {
      await empty.close();
    }
  },
};

function requireDisk(orders: number): void {
  const { bavail, bsize } = statfsSync(tmpdir());
  const neededGb = Math.ceil((orders * bytesPerOrder) / 1e9);
  if (bavail * bsize < neededGb * 1e9) {
    throw new Skipped(`it takes ${neededGb} GB of disk in ${tmpdir()}.`);
  }
}

/** A system that has just been used, so that none of the two still has to warm up. */
async function startUsed(users: number): Promise<BenchSystem> {
  const system = await startBenchSystem(users);
  for (const user of system.users.slice(0, listingUsers)) {
    await orderNames(system, user, ordersPerUser);
  }
  return system;
}

/** A system with old orders, whose users are some of those that have them. */
async function startGrown({ extent, print }: ScenarioContext): Promise<BenchSystem> {
  const users = Math.ceil(extent.oldOrders / ordersPerUser);
  const grown = await startUsed(listingUsers);
  try {
    print(`filling in ${(users * ordersPerUser).toLocaleString('en')} old orders`);
    await fill(grown, { orders: users * ordersPerUser, users }, print);
  } catch (error) {
    await grown.close();
    throw error;
  }
  const measured = Math.min(extent.users, users);
  const step = Math.floor(users / measured);
  return { ...grown, users: Array.from({ length: measured }, (_, n) => oldUser(n * step)) };
}

async function compare(
  context: ScenarioContext,
  systems: Readonly<Record<'empty' | 'grown', BenchSystem>>,
): Promise<Figures> {
  const sums: Record<string, number> = {};
  for (const system of Object.values(systems)) await turn(context, system, system.users);
  for (let n = 0; n < rounds; n += 1) {
    const inTurn = Object.entries(systems);
    for (const [name, system] of n % 2 === 0 ? inTurn : inTurn.toReversed()) {
      const listing = name === 'empty' ? system.users.slice(0, listingUsers) : system.users;
      const figures = await turn(context, system, listing);
      for (const [figure, value] of Object.entries(figures)) {
        sums[`${name}${figure}`] = (sums[`${name}${figure}`] ?? 0) + Number(value);
      }
      const { PaidPerSecond, ListsPerSecond } = figures;
      context.print(`${name}: ${PaidPerSecond} paid, ${ListsPerSecond} lists a second`);
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, sum]) => [name, round(sum / rounds, 3)]),
  );
}

async function turn(
  context: ScenarioContext,
  system: BenchSystem,
  listing: readonly string[],
): Promise<Figures> {
  const { warmUpMs, measureMs } = context.extent;
  const part = { warmUpMs: warmUpMs / rounds, measureMs: measureMs / rounds };
  // The audit comes once at the end.
  const short = { ...context, extent: { ...context.extent, ...part }, audit: async () => {} };
  const http = await openConnections(system.url);
  try {
    const paid = await payOrders(short, { ...system, http });
    const listed = await listOrders(short, { ...system, http }, listing);
    return {
      PaidPerSecond: paid['paidPerSecond']!,
      ListsPerSecond: listed['PerSecond']!,
      ...renamed(paid, 'cpuMs.', 'PayCpuMs.'),
      ...renamed(listed, 'CpuMs.', 'ListCpuMs.'),
    };
  } finally {
    for (const connection of http) connection.close();
  }
}

/** The figures whose names begin with `from`. */
function renamed(figures: Figures, from: string, to: string): Figures {
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([name]) => name.startsWith(from))
      .map(([name, value]) => [name.replace(from, to), value]),
  );
}
