import { type BenchSystem, concurrency } from '../bench-system.ts';
import { runClosedLoop } from '../closed-loop.ts';
import { requestOf } from '../http-connection.ts';
import { restOrder } from '../order-request.ts';
import { cpuFigures, round } from '../paid-orders.ts';
import { type Usage, usageBetween } from '../process-usage.ts';
import type { Figures, Scenario, ScenarioContext } from '../scenario.ts';

export const read: Scenario = {
  name: 'read',
  about: 'one order, and the first page of a list',
  async run(context) {
    const system = await context.system();
    const userId = system.users[1]!;
    const names = await orderNames(system, userId, 60);
    return {
      ...prefixed('get', await readAll(context, system, requestsOf(userId, names))),
      ...prefixed('list', await listOrders(context, system, [userId])),
    };
  },
};

/** Makes as many orders for one user, waits until they are paid, and returns their names. */
export async function orderNames(
  system: BenchSystem,
  userId: string,
  count: number,
): Promise<string[]> {
  const names: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { body } = await system.http[0]!.send(restOrder(userId));
    names.push(JSON.parse(body).name);
  }
  await system.drain();
  return names;
}

/** The first pages of these users' orders, one after the other, over and over. */
export async function listOrders(
  context: ScenarioContext,
  system: BenchSystem,
  userIds: readonly string[],
): Promise<Figures> {
  const requests = userIds.flatMap((userId) => requestsOf(userId, ['orders']));
  return readAll(context, system, requests);
}

function requestsOf(userId: string, names: readonly string[]): string[] {
  return names.map((name) => requestOf('GET', `/v1/${name}`, { 'X-User-Id': userId }));
}

async function readAll(
  { extent }: ScenarioContext,
  system: BenchSystem,
  requests: readonly string[],
): Promise<Figures> {
  let before: ReadonlyMap<string, Usage> | undefined;
  let next = 0;
  const load = await runClosedLoop(
    {
      ...extent,
      concurrency,
      onMeasure() {
        before = system.usage();
      },
    },
    system.http.map((connection) => async () => {
      const { status } = await connection.send(requests[next++ % requests.length]!);
      return status === 200;
    }),
  );
  const after = system.usage();
  return {
    PerSecond: round(load.perSecond),
    Failures: load.failures,
    P50Ms: round(load.latencyMs.p50),
    P99Ms: round(load.latencyMs.p99),
    ...(before && after && cpuFigures(usageBetween(before, after), load.calls, 'CpuMs')),
  };
}

function prefixed(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
