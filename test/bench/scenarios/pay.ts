import { concurrency } from '../bench-system.ts';
import { payOrders } from '../paid-orders.ts';
import type { Scenario } from '../scenario.ts';

export const pay: Scenario = {
  name: 'pay',
  about: `orders paid over REST for all users, ${concurrency} callers`,
  run: async (context) => payOrders(context, await context.system()),
};

export const hot: Scenario = {
  name: 'hot',
  about: 'the same on one single account',
  async run(context) {
    const system = await context.system();
    return payOrders(context, system, { users: system.users.slice(0, 1) });
  },
};

/** Half of what `pay` reaches must be measured first, in this run. */
export const halfLoad: Scenario = {
  name: 'half-load',
  about: 'the same at half the rate that it can reach',
  async run(context) {
    const system = await context.system();
    const short = { ...context, extent: { ...context.extent, warmUpMs: 1_000, measureMs: 5_000 } };
    const { paidPerSecond } = await payOrders(short, system);
    return payOrders(context, system, { ratePerSecond: Number(paidPerSecond) / 2 });
  },
};

export const idleLatency: Scenario = {
  name: 'idle',
  about: '20 orders a second',
  run: async (context) => payOrders(context, await context.system(), { ratePerSecond: 20 }),
};
