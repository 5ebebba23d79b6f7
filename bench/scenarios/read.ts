import { type BenchSystem, concurrency } from '../bench-system.ts';
import { runClosedLoop } from '../closed-loop.ts';
import { requestOf } from '../http-connection.ts';
import { restOrder } from '../order-request.ts';
import { round } from '../paid-orders.ts';
import type { Figures, Scenario, ScenarioContext } from '../scenario.ts';

export const read: Scenario = {
  name: 'read',
  about: 'one order, and the first page of a list',
  async run(context) {
    const system = await context.system();
    const userId = system.users[1]!;
    const names: string[] = [];
    for (let n = 0; n < 60; n += 1) {
      const { body } = await system.http[0]!.send(restOrder(userId));
      names.push(JSON.parse(body).name);
    }
    await system.drain();
    return {
      ...prefixed('get', await readAll(context, system, userId, names)),
      ...prefixed('list', await readAll(context, system, userId, ['orders'])),
    };
  },
};

/** The first page of `userId`'s orders, over and over. */
export async function listOrders(
  context: ScenarioContext,
  system: BenchSystem,
  userId: string,
): Promise<Figures> {
  return readAll(context, system, userId, ['orders']);
}

async function readAll(
  { extent }: ScenarioContext,
  system: BenchSystem,
  userId: string,
  names: readonly string[],
): Promise<Figures> {
  const headers = { 'X-User-Id': userId };
  const requests = names.map((name) => requestOf('GET', `/v1/${name}`, headers));
  let next = 0;
  const { perSecond, failures, latencyMs } = await runClosedLoop(
    { ...extent, concurrency },
    system.http.map((connection) => async () => {
      const { status } = await connection.send(requests[next++ % requests.length]!);
      return status === 200;
    }),
  );
  return {
    PerSecond: round(perSecond),
    Failures: failures,
    P50Ms: round(latencyMs.p50),
    P99Ms: round(latencyMs.p99),
  };
}

function prefixed(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
