import type { Figures } from './scenario.ts';

export interface Ratio {
  name: string;
  value: number;
  /** What it should reach: `≥ 2`, `≤ 25`. */
  target: string;
  reached: boolean;
}

type Operand = readonly [scenario: string, figure: string];

interface Target {
  name: string;
  of: Operand;
  /** Without it the figure stands for itself. */
  over?: Operand;
  atLeast?: number;
  atMost?: number;
}

const naive: Operand = ['bound', 'naivePerSecond'];

const targets: readonly Target[] = [
  { name: 'pay ÷ naive SQL', of: ['pay', 'paidPerSecond'], over: naive, atLeast: 2 },
  { name: 'pipeline ÷ naive SQL', of: ['pipeline', 'paidPerSecond'], over: naive, atLeast: 3 },
  {
    name: 'hot ÷ pay',
    of: ['hot', 'paidPerSecond'],
    over: ['pay', 'paidPerSecond'],
    atLeast: 0.9,
  },
  { name: 'grpc ÷ naive SQL', of: ['grpc', 'paidPerSecond'], over: naive, atLeast: 2.5 },
  {
    name: 'gateway ÷ bare Fastify with grpc-js',
    of: ['edge', 'gatewayPerSecond'],
    over: ['edge', 'barePerSecond'],
    atLeast: 1,
  },
  { name: 'idle: create, p99 ms', of: ['idle', 'createP99Ms'], atMost: 10 },
  { name: 'idle: create to PAID, p50 ms', of: ['idle', 'createToPaidP50Ms'], atMost: 15 },
  { name: 'idle: create to PAID, p99 ms', of: ['idle', 'createToPaidP99Ms'], atMost: 40 },
  { name: 'half load: create, p99 ms', of: ['half-load', 'createP99Ms'], atMost: 25 },
  {
    name: 'growth: pay with old orders ÷ without',
    of: ['growth', 'grownPaidPerSecond'],
    over: ['growth', 'emptyPaidPerSecond'],
    atLeast: 0.9,
  },
  {
    name: 'growth: list with old orders ÷ without',
    of: ['growth', 'grownListsPerSecond'],
    over: ['growth', 'emptyListsPerSecond'],
    atLeast: 0.9,
  },
  {
    name: 'soak: memory at the end ÷ at the beginning',
    of: ['soak', 'memoryLastMb'],
    over: ['soak', 'memoryFirstMb'],
    atMost: 1.1,
  },
  { name: 'memory of all Node processes, MB', of: ['pay', 'residentNodeMb'], atMost: 500 },
];

/** The targets whose figures were measured in this run. */
export function ratios(figures: Readonly<Record<string, Figures>>): Ratio[] {
  const read = ([scenario, figure]: Operand) => {
    const value = figures[scenario]?.[figure];
    return typeof value === 'number' ? value : undefined;
  };
  return targets.flatMap(({ name, of, over, atLeast, atMost }) => {
    const divisor = over === undefined ? 1 : read(over);
    const dividend = read(of);
    if (dividend === undefined || divisor === undefined) return [];
    const value = Number((dividend / divisor).toFixed(2));
    return [
      {
        name,
        value,
        target: atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`,
        reached: atLeast === undefined ? value <= atMost! : value >= atLeast,
      },
    ];
  });
}
