import { administer, databaseUrl } from '../administer.ts';
import type { BenchSystem } from '../bench-system.ts';
import { boundTables, clients, findPgbench, runPgbench } from '../bound/pgbench.ts';
import { round } from '../paid-orders.ts';
import { type Scenario, Skipped } from '../scenario.ts';

/**
 * What PostgreSQL alone can do, on the same server: the SQL of one order, without a process of ours
 * or a broker in between.
 */
export const bound: Scenario = {
  name: 'bound',
  about: `pgbench, ${clients} clients, the bare SQL of an order: one by one, in sets of 100`,
  async run(context) {
    const pgbench = findPgbench();
    if (pgbench === undefined) {
      throw new Skipped('pgbench is not installed (it comes with Debian’s package postgresql-15).');
    }
    const { extent, system } = context;
    const url = await makeBoundDatabase(await system());
    const seconds = Math.round(extent.measureMs / 1_000);
    const naive = await runPgbench(pgbench, url, 'naive', seconds);
    const sets = await runPgbench(pgbench, url, 'sets-of-100', seconds);
    return {
      naivePerSecond: round(naive.ordersPerSecond),
      setsOf100PerSecond: round(sets.ordersPerSecond),
    };
  },
};

async function makeBoundDatabase(system: BenchSystem): Promise<URL> {
  const server = databaseUrl(system, 'postgres');
  await administer(server, 'drop database if exists bound', 'create database bound');
  const url = databaseUrl(system, 'bound');
  await administer(url, boundTables);
  return url;
}
