import { startBenchSystem } from '../bench-system.ts';
import { payOrders } from '../paid-orders.ts';
import type { Figures, Scenario } from '../scenario.ts';

export const scale: Scenario = {
  name: 'scale',
  about: '`pay` with 1, 2 and 4 instances of Orders and Payments',
  ownSystems: true,
  async run(context) {
    const figures: Record<string, number | string> = {};
    for (const instances of [1, 2, 4]) {
      context.print(`${instances} of each`);
      const system = await startBenchSystem(context.extent.users, {
        PURSER_ORDERS_INSTANCES: String(instances),
        PURSER_PAYMENTS_INSTANCES: String(instances),
      });
      try {
        const paid: Figures = await payOrders(context, system);
        figures[`paidPerSecond.${instances}`] = paid['paidPerSecond']!;
        figures[`createP99Ms.${instances}`] = paid['createP99Ms']!;
      } finally {
        await system.close();
      }
    }
    return figures;
  },
};
