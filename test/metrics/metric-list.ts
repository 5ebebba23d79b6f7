import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { services } from '../../tools/start/services.ts';

const execute = promisify(execFile);

export interface Metric {
  name: string;
  help: string;
  labels: string[];
  type: 'counter' | 'gauge' | 'histogram';
  /** The processes that have it. */
  of: string[];
}

/** What each label may say. A metric has a series for each combination, so all are bounded. */
export const labelValues: Readonly<Record<string, string>> = {
  batch: 'batchers and consumers, by their names in the code',
  code: 'gRPC status codes by name; close codes of WebSockets',
  consumer: 'durable consumers',
  dependency: 'the readiness checks of the process',
  invariant: 'ids of the invariants of the audit, in docs/operations.md',
  method: 'RPCs by full name; HTTP methods, others as `other`',
  node: 'the version of Node',
  phase: 'whether a request still arrives or is being answered',
  pool: 'pools of database connections, one or two in a process',
  route: 'path templates of the contract, `page` and `unknown`',
  service: 'the services',
  source: '`outbox` and the durable consumers',
  state: 'states of orders, or of connections (`busy`, `idle`, `waiting`)',
  status: 'HTTP status codes',
  type: 'messages by full name',
  version: 'releases',
  where: 'the services, or `both` for Orders and Payments together',
};

/**
 * Every metric that Purser defines, as the modules of its processes do: each is loaded with a
 * setting that it refuses, so that it defines everything and starts nothing.
 */
export async function listMetrics(): Promise<Metric[]> {
  const lists = await Promise.all(
    services.map(async ({ name, main }) => ({ name, metrics: await metricsOf(main) })),
  );
  const byName = new Map<string, Metric>();
  for (const { name: process, metrics } of lists) {
    for (const metric of metrics) {
      const known = byName.get(metric.name);
      if (known === undefined) byName.set(metric.name, { ...metric, of: [process] });
      else known.of.push(process);
    }
  }
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

async function metricsOf(main: string): Promise<Omit<Metric, 'of'>[]> {
  const dump = resolve(import.meta.dirname, 'dump.mjs');
  const env = { ...process.env, PURSER_LOG_LEVEL: 'a level that does not exist' };
  const run = execute(process.execPath, ['--import', dump, main], { env });
  const { stdout } = await run.catch((refused: { stdout: string }) => refused);
  return JSON.parse(stdout);
}

/** The names that a scrape shows for the metric. */
export function seriesOf({ name, type }: Pick<Metric, 'name' | 'type'>): string[] {
  if (type !== 'histogram') return [name];
  return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`];
}

/** Names of the metrics of Node and the process, which prom-client brings. */
export function defaultSeries(): string[] {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const types = register.getMetricsAsArray().map(({ name, constructor }) => ({
    name,
    type: constructor.name.toLowerCase() as Metric['type'],
  }));
  return types.flatMap(seriesOf);
}
