import { unpublishedRows } from '#lib/outbox/is-published.ts';
import type { BenchSystem } from '../bench-system.ts';
import { payOrders, residentNodeMb, round } from '../paid-orders.ts';
import { type Scenario, Skipped } from '../scenario.ts';

/** Samples of memory and outbox over the measured time. */
const samplesWanted = 20;

export const soak: Scenario = {
  name: 'soak',
  about: '`pay` for ten minutes: does memory or the backlog of the outbox grow?',
  async run(context) {
    const { extent, print } = context;
    if (extent.soakMs === 0) throw new Skipped('it takes ten minutes; not with --quick.');
    const system = await context.system();
    const memoryMb: number[] = [];
    const unpublished: number[] = [];
    const sample = async () => {
      const usage = system.usage();
      if (usage !== undefined) memoryMb.push(residentNodeMb(usage));
      unpublished.push(await countUnpublished(system));
      print(`${memoryMb.at(-1) ?? '?'} MB, ${unpublished.at(-1)} rows unpublished`);
    };
    const timer = setInterval(() => void sample(), extent.soakMs / samplesWanted);
    try {
      const paid = await payOrders(context, system, { measureMs: extent.soakMs });
      return {
        paidPerSecond: paid['paidPerSecond']!,
        memoryFirstMb: averageOf(memoryMb.slice(1, 6)),
        memoryLastMb: averageOf(memoryMb.slice(-5)),
        unpublishedFirst: averageOf(unpublished.slice(1, 6)),
        unpublishedLast: averageOf(unpublished.slice(-5)),
      };
    } finally {
      clearInterval(timer);
    }
  },
};

async function countUnpublished(system: BenchSystem): Promise<number> {
  const counts = await Promise.all(
    ['orders', 'payments'].map(async (database) => {
      const [row] = await system.sql<{ rows: bigint }>(
        database,
        `select count(*) as rows ${unpublishedRows}`,
      );
      return Number(row?.rows ?? 0n);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function averageOf(values: readonly number[]): number {
  return round(values.reduce((sum, value) => sum + value, 0) / values.length, 0);
}
