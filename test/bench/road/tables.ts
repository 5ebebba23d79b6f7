import { assumed, type CapacityModel, type Measured, type Plan } from './model.ts';

const rates = [100, 1_000, 10_000, 100_000];

/** What one order costs, as Markdown. */
export function costTables({ conditions, perOrder }: Measured): string {
  const rows = (costs: Record<string, number>, digits: number) =>
    Object.entries(costs)
      .filter(([, value]) => value >= 10 ** -digits / 2)
      .map(([name, value]) => `| ${name} | ${value.toFixed(digits)} |`);
  const about = Object.entries(conditions).map(([name, value]) => `${name} ${value}`);
  return [
    `Measured with: ${about.join(', ')}.`,
    '',
    '| CPU time of one paid order | ms |',
    '|---|--:|',
    ...rows(perOrder.cpuMs, 3),
    '',
    '| table, with indexes | bytes an order |',
    '|---|--:|',
    ...rows(perOrder.tableBytes, 0),
    '',
    '| beside them | an order |',
    '|---|--:|',
    `| write-ahead log, bytes | ${perOrder.walBytes.toFixed(0)} |`,
    `| transactions committed, in all databases | ${perOrder.commits.toFixed(2)} |`,
    ...Object.entries(perOrder.messages).map(
      ([stream, count]) =>
        `| messages in ${stream} | ${count.toFixed(2)}, ` +
        `${perOrder.messageBytes[stream]?.toFixed(0)} bytes |`,
    ),
    '',
  ].join('\n');
}

/** Where each step of the road ends, as Markdown. */
export function roadTable(model: CapacityModel): string {
  const machine = model.machineLimit();
  const limits = model.unshardedLimits().slice(0, 6);
  return [
    '| step | ends at | because of |',
    '|---|--:|---|',
    `| one machine | ${orders(machine.rate)} | ${machine.what} |`,
    ...limits.map(({ rate, what }, index) => {
      const step = index === 0 ? 'a cluster, one database for each service' : '';
      return `| ${step} | ${orders(rate)} | ${what} |`;
    }),
    '',
  ].join('\n');
}

/** What each rate needs, as Markdown. */
export function planTable(model: CapacityModel): string {
  const plans = rates.map((rate) => model.plan(rate));
  const row = (name: string, value: (plan: Plan) => string | number) =>
    `| ${name} | ${plans.map((plan) => value(plan)).join(' | ')} |`;
  return [
    `| orders a second | ${rates.map((rate) => rate.toLocaleString('en')).join(' | ')} |`,
    `|---|${rates.map(() => '--:|').join('')}`,
    row('busy cores, no reserve', ({ busyCores }) => busyCores.toFixed(1)),
    row('cores with reserve and copies', ({ cores }) => cores.toLocaleString('en')),
    row('instances of gateway', ({ instances }) => instances.gateway),
    row('instances of orders', ({ instances }) => instances.orders),
    row('instances of payments', ({ instances }) => instances.payments),
    row('instances of notifications', ({ instances }) => instances.notifications),
    row('shards of orders', ({ shards }) => shards.orders),
    row('shards of payments', ({ shards }) => shards.payments),
    row('shards of notifications', ({ shards }) => shards.notifications),
    row('parts of each stream', ({ partitions }) => partitions),
    row('nats-servers', ({ natsServers }) => natsServers),
    row('into the broker, MB/s', ({ brokerBytesPerSecond }) =>
      (brokerBytesPerSecond / 1e6).toFixed(1),
    ),
    row('kept for ever, GB a day', ({ keptBytesPerDay }) => (keptBytesPerDay / 1e9).toFixed(0)),
    row(`kept ${assumed.messageDays} days, TB`, ({ passingBytes }) =>
      (passingBytes / 1e12).toFixed(2),
    ),
    '',
  ].join('\n');
}

function orders(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`;
}
