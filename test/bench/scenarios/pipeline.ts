import { setTimeout as sleep } from 'node:timers/promises';
import { systemTiming } from '#lib/batch/timing.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import { Database } from '#lib/pg/database.ts';
import { createOrder } from '../../../services/orders/rpc/create-order.ts';
import { administer, databaseUrl } from '../administer.ts';
import type { BenchSystem } from '../bench-system.ts';
import { grpcOrder } from '../order-request.ts';
import { round } from '../paid-orders.ts';
import type { Scenario } from '../scenario.ts';

/** Holds the lease of the relays of Orders, so that none of them publishes. */
const stopRelays = `
  update outbox_relay
  set holder = 'bench', term = term + 1, lease_until = now() + interval '1 hour'`;

const startRelays = `update outbox_relay set lease_until = '-infinity' where holder = 'bench'`;

/** Orders that are created side by side; the natural batches are as large. */
const createdTogether = 1_000;

export const pipeline: Scenario = {
  name: 'pipeline',
  about: 'orders that wait in the outbox, from the start of the relays until all are paid',
  async run(context) {
    const { extent, print, audit } = context;
    const system = await context.system();
    const url = databaseUrl(system, 'orders');
    await administer(url, stopRelays);
    let elapsedSeconds: number;
    try {
      await createOrders(system, url, extent.pipelineOrders, print);
      await administer(url, startRelays);
      const startedAt = await relaysBegan(system);
      await system.drain();
      elapsedSeconds = (performance.now() - startedAt) / 1_000;
    } finally {
      await administer(url, startRelays);
    }
    await audit(system);
    return {
      orders: extent.pipelineOrders,
      seconds: round(elapsedSeconds),
      paidPerSecond: round(extent.pipelineOrders / elapsedSeconds),
    };
  },
};

/** Creates orders with the code of the service, in this process. */
async function createOrders(
  { users }: BenchSystem,
  url: URL,
  count: number,
  print: (line: string) => void,
): Promise<void> {
  const database = await Database.open({
    url: url.href,
    applicationName: 'bench',
    entities: [],
  });
  try {
    const create = createOrder({
      database,
      clock: () => new Date(),
      timing: systemTiming,
      committed: () => {},
    });
    for (let made = 0; made < count; made += createdTogether) {
      await Promise.all(
        Array.from({ length: createdTogether }, (_, n) => {
          const userId = users[(made + n) % users.length]!;
          const call = { userId, deadline: new Date(Date.now() + 60_000) };
          return create(grpcOrder(), call as CallContext);
        }),
      );
      if ((made + createdTogether) % 50_000 === 0) print(`${made + createdTogether} orders wait`);
    }
  } finally {
    await database.close();
  }
}

/** When a relay has taken the lease; they ask for it about once a second. */
async function relaysBegan(system: BenchSystem): Promise<number> {
  const isHeld = `select holder is distinct from 'bench' as held from outbox_relay`;
  while (!(await system.sql<{ held: boolean }>('orders', isHeld))[0]?.held) await sleep(20);
  return performance.now();
}
