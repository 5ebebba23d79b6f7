import type { Mutant } from './mutants.ts';
import { faultText, type Plan, planOf } from './plan.ts';
import { type Outcome, simulate } from './simulate.ts';

/** Parts of a plan that can be left out: numbers of faults, or one of these. */
const links = ['database-link', 'broker-link'] as const;

/** The seed's plan without some of its troubles. Throws for a trouble that it does not have. */
export function planWithout(seed: number, without: readonly string[]): Plan {
  const plan = planOf(seed);
  const names = [...links, ...plan.faults.map((_, index) => String(index + 1))];
  const unknown = without.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`seed ${seed} has no trouble “${unknown}”; it has ${names.join(', ')}`);
  }
  const { database, broker } = plan.links;
  return {
    ...plan,
    faults: plan.faults.filter((_, index) => !without.includes(String(index + 1))),
    links: {
      database: without.includes('database-link') ? { loss: 0, slow: 0 } : database,
      broker: without.includes('broker-link') ? { loss: 0, duplicate: 0, slow: 0 } : broker,
    },
  };
}

/** Leaves out one trouble after the other as long as the seed goes on failing. */
export async function shrink(seed: number, mutant: Mutant): Promise<string[]> {
  const without: string[] = [];
  const { faults } = planOf(seed);
  const candidates = [...links, ...faults.map((_, index) => String(index + 1)).reverse()];
  for (const candidate of candidates) {
    const plan = planWithout(seed, [...without, candidate]);
    const { violations } = await simulate(plan, { mutant });
    if (violations.length > 0) without.push(candidate);
  }
  return without;
}

/** The seed for people: what was planned, what happened when, and what broke. */
export async function replay(
  seed: number,
  { without, mutant }: { without: readonly string[]; mutant: Mutant },
): Promise<{ text: string; outcome: Outcome }> {
  const plan = planWithout(seed, without);
  const outcome = await simulate(plan, { mutant, timeline: true });
  const { database, broker } = plan.links;
  const text = [
    `Seed ${seed}: ${planText(plan)}`,
    ...plan.faults.map((fault) => `  ${faultText(fault)}`),
    `  links while it storms: database ${linkText(database)}; broker ${linkText(broker)}`,
    '',
    ...outcome.timeline,
    '',
    ...outcome.violations.map(({ id, detail }) => `BROKEN ${id}: ${detail}`),
    outcome.violations.length === 0
      ? `Nothing is broken; at rest ${(outcome.healedMs / 1_000).toFixed(1)} s after the faults.`
      : `${outcome.violations.length} broken.`,
  ].join('\n');
  return { text, outcome };
}

function planText({ balances, orders, topUps, instances, stormMs, naps }: Plan): string {
  const parts = [
    `${instances.orders} × orders, ${instances.payments} × payments`,
    `balances ${balances.map((balance) => balance ?? 'no account').join(', ')}`,
    `${orders.length} orders, ${topUps.length} top-ups`,
    `faults for ${stormMs} ms`,
    naps ? 'idle time is slept through' : 'no idle time is skipped',
  ];
  return parts.join('; ');
}

function linkText(faults: object): string {
  const parts = Object.entries(faults).map(([name, rate]) => {
    return `${name} ${((rate as number) * 100).toFixed(1)} %`;
  });
  return parts.join(', ');
}

/** The command that shows the failure again. */
export function replayCommand(
  seed: number,
  { without, mutant }: { without: readonly string[]; mutant: string | undefined },
): string {
  const options = [
    `--seed ${seed}`,
    ...(without.length > 0 ? [`--without ${without.join(',')}`] : []),
    ...(mutant === undefined ? [] : [`--mutant ${mutant}`]),
  ];
  return `npm run simulate -- ${options.join(' ')}`;
}
