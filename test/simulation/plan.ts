import type { BrokerFaults } from './broker.ts';
import type { LinkFaults } from './postgres/server.ts';
import type { ServiceName } from './system.ts';
import { seededRandom } from './world.ts';

export interface PlannedOrder {
  user: number;
  amountMinor: bigint;
  currencyCode: string;
  atMs: number;
  /** When its user cancels it. */
  cancelAtMs: number | undefined;
}

export interface PlannedTopUp {
  user: number;
  amountMinor: bigint;
  atMs: number;
}

/** Something that goes wrong. */
export type Trouble =
  | { kind: 'kill' | 'stop'; service: ServiceName; which: number; backMs: number }
  | { kind: 'freeze'; service: ServiceName; which: number; forMs: number }
  | { kind: 'disconnect'; service: ServiceName; which: number }
  | { kind: 'clock step'; service: ServiceName; which: number; byMs: number }
  | { kind: 'database crash'; service: ServiceName; backMs: number }
  | { kind: 'broker crash' | 'broker power loss' | 'broker wipe'; backMs: number }
  | { kind: 'broker copy' }
  | { kind: 'broker restore'; backMs: number }
  | { kind: 'broker freeze'; forMs: number }
  | { kind: 'broker purge' | 'redelivery of everything' }
  | { kind: 'payments unreachable'; forMs: number }
  | { kind: 'poison'; stream: ServiceName; number: number }
  | { kind: 'oversized event'; service: ServiceName; number: number }
  | { kind: 'machine sleeps'; forMs: number };

export type Fault = Trouble & { atMs: number };

/** What a seed stands for. */
export interface Plan {
  seed: number;
  /** Opening balance by user; undefined for a user without an account. */
  balances: (bigint | undefined)[];
  orders: PlannedOrder[];
  topUps: PlannedTopUp[];
  instances: Record<ServiceName, number>;
  /** When the last fault is over. */
  stormMs: number;
  links: { database: LinkFaults; broker: BrokerFaults };
  faults: Fault[];
  /** Whether idle time is slept through after the storm. */
  naps: boolean;
}

/** Everything about a seed that is decided before it begins. */
export function planOf(seed: number): Plan {
  const random = seededRandom(seed ^ 0x5eed);
  const chance = (probability: number) => random() < probability;
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const stormMs = whole(50, chance(0.15) ? 3_000 : 500);
  const balances = Array.from({ length: chance(0.3) ? 2 : 1 }, () =>
    chance(0.06) ? undefined : BigInt(whole(0, 150)),
  );
  const user = () => whole(0, balances.length - 1);
  const orders = Array.from({ length: chance(0.25) ? whole(2, 3) : 1 }, (): PlannedOrder => {
    const atMs = random() * stormMs * 0.7;
    const cancelAtMs = chance(0.25) ? atMs + random() * stormMs : undefined;
    const currencyCode = chance(0.04) ? 'EUR' : 'USD';
    return { user: user(), amountMinor: BigInt(whole(1, 100)), currencyCode, atMs, cancelAtMs };
  });
  const topUps = Array.from({ length: chance(0.25) ? whole(1, 2) : 0 }, () => {
    return { user: user(), amountMinor: BigInt(whole(1, 50)), atMs: random() * stormMs };
  });
  const rate = (probability: number, most: number) => (chance(probability) ? random() * most : 0);
  const links = {
    database: { loss: rate(0.15, 0.08), slow: rate(0.3, 0.3) },
    broker: { loss: rate(0.15, 0.1), duplicate: rate(0.3, 0.4), slow: rate(0.3, 0.3) },
  };
  const count = chance(0.15) ? 0 : whole(1, 4);
  const faults = Array.from({ length: count }, (_, number) => {
    return { atMs: random() * stormMs, ...troubleOf({ random, whole, number }) };
  }).sort((a, b) => a.atMs - b.atMs);
  const instances = { orders: chance(0.2) ? 2 : 1, payments: chance(0.3) ? 2 : 1 };
  const naps = !chance(0.05);
  return { seed, balances, orders, topUps, instances, stormMs, links, faults, naps };
}

interface Draw {
  random: () => number;
  whole(low: number, high: number): number;
  number: number;
}

function troubleOf({ random, whole, number }: Draw): Trouble {
  const service: ServiceName = random() < 0.35 ? 'orders' : 'payments';
  const which = whole(0, 1);
  const backMs = random() < 0.7 ? whole(1, 100) : whole(100, 3_000);
  const forMs = random() < 0.6 ? whole(5, 500) : whole(500, 9_000);
  const troubles: [number, Trouble][] = [
    [10, { kind: 'kill', service, which, backMs }],
    [3, { kind: 'stop', service, which, backMs }],
    [6, { kind: 'freeze', service, which, forMs }],
    [3, { kind: 'disconnect', service, which }],
    [2, { kind: 'clock step', service, which, byMs: whole(-40_000, 40_000) }],
    [5, { kind: 'database crash', service, backMs }],
    [2, { kind: 'broker crash', backMs }],
    [6, { kind: 'broker power loss', backMs }],
    [5, { kind: 'broker wipe', backMs }],
    [2, { kind: 'broker copy' }],
    [2, { kind: 'broker restore', backMs }],
    [2, { kind: 'broker freeze', forMs }],
    [7, { kind: 'broker purge' }],
    [3, { kind: 'redelivery of everything' }],
    [2, { kind: 'payments unreachable', forMs }],
    [2, { kind: 'poison', stream: service, number }],
    [1, { kind: 'oversized event', service, number }],
    [3, { kind: 'machine sleeps', forMs: whole(1_000, 40_000) }],
  ];
  let left = random() * troubles.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, trouble] of troubles) {
    left -= weight;
    if (left < 0) return trouble;
  }
  return troubles[0]![1];
}

/** One line for people. */
export function faultText({ atMs, kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [`at ${(atMs / 1_000).toFixed(4)} s: ${kind}`, ...details].join(', ');
}
