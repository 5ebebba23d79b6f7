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

/** An order that nothing disturbs is paid about this long after its call, in milliseconds. */
const callEffectMs = 15;

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
  const count = chance(0.1) ? 0 : whole(1, 4);
  const begun = [...orders, ...topUps].map(({ atMs }) => atMs);
  const faultAtMs = () => {
    // Most of what can be interrupted goes on in the moments after a call.
    if (chance(0.4)) return random() * stormMs;
    return Math.min(stormMs, begun[whole(0, begun.length - 1)]! + random() * callEffectMs);
  };
  const faults = Array.from({ length: count }, (_, number) => {
    return { atMs: faultAtMs(), ...troubleOf({ random, whole, number }) };
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

/** How often each kind of trouble is drawn, relative to the others. */
const weights: readonly [Trouble['kind'], number][] = [
  ['kill', 10],
  ['stop', 3],
  ['freeze', 6],
  ['disconnect', 3],
  ['clock step', 2],
  ['database crash', 5],
  ['broker crash', 2],
  ['broker power loss', 6],
  ['broker wipe', 5],
  ['broker copy', 2],
  ['broker restore', 2],
  ['broker freeze', 2],
  ['broker purge', 7],
  ['redelivery of everything', 3],
  ['payments unreachable', 2],
  ['poison', 2],
  ['oversized event', 1],
  ['machine sleeps', 3],
];

const weightsTotal = weights.reduce((sum, [, weight]) => sum + weight, 0);

function kindOf(random: () => number): Trouble['kind'] {
  let left = random() * weightsTotal;
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'kill';
}

function troubleOf({ random, whole, number }: Draw): Trouble {
  const service: ServiceName = random() < 0.35 ? 'orders' : 'payments';
  const which = whole(0, 1);
  const backMs = random() < 0.7 ? whole(1, 100) : whole(100, 3_000);
  const forMs = random() < 0.6 ? whole(5, 500) : whole(500, 9_000);
  const kind = kindOf(random);
  switch (kind) {
    case 'kill':
    case 'stop':
      return { kind, service, which, backMs };
    case 'freeze':
      return { kind, service, which, forMs };
    case 'disconnect':
      return { kind, service, which };
    case 'clock step':
      return { kind, service, which, byMs: whole(-40_000, 40_000) };
    case 'database crash':
      return { kind, service, backMs };
    case 'broker crash':
    case 'broker power loss':
    case 'broker wipe':
    case 'broker restore':
      return { kind, backMs };
    case 'broker freeze':
    case 'payments unreachable':
      return { kind, forMs };
    case 'poison':
      return { kind, stream: service, number };
    case 'oversized event':
      return { kind, service, number };
    case 'machine sleeps':
      return { kind, forMs: whole(1_000, 40_000) };
    case 'broker copy':
    case 'broker purge':
    case 'redelivery of everything':
      return { kind };
  }
}

/** One line for people. */
export function faultText({ atMs, kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [`at ${(atMs / 1_000).toFixed(4)} s: ${kind}`, ...details].join(', ');
}
