import type { Ratio } from './ratios.ts';
import type { Figures } from './scenario.ts';

/** What `npm run bench -- --json FILE` writes. */
export interface BenchResult {
  /** When it ended, RFC 3339. */
  time: string;
  machine: {
    cpu: string | undefined;
    cores: number;
    memoryGb: number;
    platform: string;
    node: string;
  };
  extent: 'full' | 'quick';
  /** How long the whole of it took. */
  seconds: number;
  figures: Readonly<Record<string, Figures>>;
  ratios: readonly Ratio[];
}

/** Where and when it was measured, in a sentence. */
function conditions({ time, machine, extent, seconds }: BenchResult): string {
  const { cpu = 'an unknown CPU', cores, memoryGb, platform, node } = machine;
  const minutes = Math.round(seconds / 60);
  return (
    `Measured on ${time.slice(0, 10)} in one ${extent} run of ${minutes} minutes ` +
    `on ${cores} cores of ${cpu}, ${memoryGb} GB, ${platform}, Node ${node}, ` +
    'the load generator included.'
  );
}

/** The speed of the whole system and its targets, for those who read no further; Markdown. */
export function speedTable(result: BenchResult): string {
  const { paidPerSecond, createP50Ms, createP99Ms } = result.figures['pay'] ?? {};
  return [
    '## How fast it is',
    '',
    `${paidPerSecond} orders a second went from \`POST /v1/orders\` to \`PAID\` over gateway, ` +
      `gRPC, outbox, broker, inbox and ledger, all data durable; a create took ${createP50Ms} ms ` +
      `(p99 ${createP99Ms} ms) with 64 of them at a time.`,
    conditions(result),
    '',
    ...targetRows(result),
    '',
    '[docs/performance.md](docs/performance.md) says what each row measures, and what limits it.',
    '',
  ].join('\n');
}

/** What was wanted and what was reached; Markdown. */
export function targetTable(result: BenchResult): string {
  return [conditions(result), '', ...targetRows(result), ''].join('\n');
}

function targetRows({ ratios }: BenchResult): string[] {
  return [
    '| in one run, on one machine | measured | wanted | |',
    '|---|--:|--:|---|',
    ...ratios.map(
      ({ name, value, target, reached }) =>
        `| ${name} | ${value} | ${target} | ${reached ? '' : 'not reached'} |`,
    ),
  ];
}

/** Every figure but the CPU of each process, by scenario; Markdown. */
export function figureTable({ figures }: BenchResult): string {
  return [
    '| scenario | figure | |',
    '|---|---|--:|',
    ...Object.entries(figures).flatMap(([scenario, values]) =>
      Object.entries(values)
        .filter(([name]) => !isCpuOfProcess(name))
        .map(([name, value], index) => {
          return `| ${index === 0 ? `\`${scenario}\`` : ''} | ${name} | ${value} |`;
        }),
    ),
    '',
  ].join('\n');
}

/** CPU milliseconds of one order or call, by process and scenario; Markdown. */
export function cpuTable({ figures }: BenchResult): string {
  const columns = Object.entries(figures).flatMap(([scenario, values]) => {
    const prefixes = new Set(Object.keys(values).filter(isCpuOfProcess).map(prefixOf));
    return [...prefixes].map((prefix) => ({ scenario, prefix, values }));
  });
  const kinds = new Set(
    columns.flatMap(({ prefix, values }) =>
      Object.keys(values)
        .filter((name) => isCpuOfProcess(name) && prefixOf(name) === prefix)
        .map((name) => name.slice(prefix.length + 1)),
    ),
  );
  const title = ({ scenario, prefix }: { scenario: string; prefix: string }) =>
    prefix === 'cpuMs' ? `\`${scenario}\`` : `\`${scenario}\` ${prefix.replace('CpuMs', '')}`;
  return [
    'CPU time of one paid order, or one call of `read`, by process; `load` is the load generator.',
    '',
    `| CPU ms | ${columns.map(title).join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...[...kinds].map((kind) => {
      const cells = columns.map(({ prefix, values }) => values[`${prefix}.${kind}`] ?? '');
      return `| ${kind} | ${cells.join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

/** `cpuMs.gateway`, `listCpuMs.orders`. */
function isCpuOfProcess(name: string): boolean {
  return /cpuMs\./i.test(name);
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
