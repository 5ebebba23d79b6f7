import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Drill } from './drill.ts';
import type { Outcome } from './run-drill.ts';

const file = resolve(import.meta.dirname, '../../docs/reliability.md');

const [begin, end] = ['<!-- drills -->', '<!-- /drills -->'];

/** Puts what the drill has shown into its row of docs/reliability.md. */
export function recordOutcome(drill: Drill, outcome: Outcome): void {
  writeFileSync(file, withOutcome(readFileSync(file, 'utf8'), drill, outcome));
}

/** The document with that row in the place of the one that the drill had, or after all others. */
export function withOutcome(document: string, drill: Drill, outcome: Outcome): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md has no ${begin} … ${end}.`);
  const rows = document
    .slice(from + begin.length, to)
    .trim()
    .split('\n');
  const mine = rowOf(drill, outcome);
  const name = `| \`${drill.name}\` |`;
  const index = rows.findIndex((row) => row.startsWith(name));
  if (index < 0) rows.push(mine);
  else rows[index] = mine;
  return `${document.slice(0, from)}${begin}\n${rows.join('\n')}\n${document.slice(to)}`;
}

function rowOf({ name, faults, says }: Drill, outcome: Outcome): string {
  const { seed, rounds, injected, observed, measured, orders, operations } = outcome;
  const list = (sums: Record<string, number>) =>
    Object.entries(sums)
      .map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
      .join(', ');
  const figures = Object.entries(measured).map(
    ([what, { value, unit }]) => `${what} ≤ ${value.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`,
  );
  const verdict = outcome.faults.length === 0 ? 'passed' : `**failed**: ${outcome.faults.length}`;
  const number = (value: number) => value.toLocaleString('en');
  const load = `${number(orders)} orders, ${number(operations)} operations`;
  const cells = [
    `\`${name}\``,
    faults,
    says,
    `\`${name} --seed ${seed} --rounds ${rounds}\``,
    list(injected),
    [list(observed), ...figures].filter((text) => text !== '').join('; '),
    `${verdict}; ${load}; all final after ${outcome.finalSeconds.toFixed(1)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}
