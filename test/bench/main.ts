// `npm run bench`: how fast the whole system is on this machine, in one run. docs/performance.md
// explains method, limits and figures.
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { readArguments, WrongArgument } from '../../tools/command/read-arguments.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { ratios } from './ratios.ts';
import { type Extent, type Figures, type Scenario, Skipped } from './scenario.ts';
import { bound } from './scenarios/bound.ts';
import { edge } from './scenarios/edge.ts';
import { growth } from './scenarios/growth.ts';
import { grpc } from './scenarios/grpc.ts';
import { halfLoad, hot, idleLatency, pay } from './scenarios/pay.ts';
import { pipeline } from './scenarios/pipeline.ts';
import { read } from './scenarios/read.ts';
import { scale } from './scenarios/scale.ts';
import { soak } from './scenarios/soak.ts';
import type { BenchResult } from './tables.ts';

const scenarios: readonly Scenario[] = [
  bound,
  pay,
  hot,
  grpc,
  halfLoad,
  idleLatency,
  read,
  pipeline,
  edge,
  soak,
  scale,
  growth,
];

const full: Extent = {
  warmUpMs: 5_000,
  measureMs: 16_000,
  users: 10_000,
  pipelineOrders: 200_000,
  oldOrders: 10_000_000,
  soakMs: 600_000,
};

const quick: Extent = {
  warmUpMs: 1_000,
  measureMs: 2_500,
  users: 1_000,
  pipelineOrders: 10_000,
  oldOrders: 100_000,
  soakMs: 0,
};

const usage = `npm run bench -- [--quick] [--only NAME,…] [--json FILE]
Measures how fast the whole system is on this machine.
  --quick        about three minutes
  --only NAME,…  some of it alone:
${scenarios.map(({ name, about }) => `    ${name.padEnd(12)} ${about}`).join('\n')}
  --json FILE    writes the figures there as well`;

const options = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  json: { type: 'string' },
} as const;

const { isQuick, json, wanted } = readArguments(usage, { options }, ({ values }) => {
  const names = scenarios.map(({ name }) => name);
  const chosen = values.only?.split(',') ?? names;
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new WrongArgument(`There is no scenario ${unknown.join(', ')}.`);
  return { isQuick: values.quick, json: values.json, wanted: chosen };
});

const extent = isQuick ? quick : full;
const startedAt = performance.now();
const figures: Record<string, Figures> = {};
let shared: BenchSystem | undefined;

function print(line: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${String(seconds).padStart(5)} s  ${line}`);
}

function resultSoFar(): BenchResult {
  return {
    time: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
    },
    extent: isQuick ? 'quick' : 'full',
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    figures,
    ratios: ratios(figures),
  };
}

/** After every scenario: a run that is cut off has not measured for nothing. */
function keep(result: BenchResult): void {
  if (json) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
}

async function system(): Promise<BenchSystem> {
  if (shared === undefined) {
    print(`Starting the system, with ${extent.users} accounts.`);
    shared = await startBenchSystem(extent.users);
  }
  return shared;
}

async function closeShared(): Promise<void> {
  await shared?.close();
  shared = undefined;
}

try {
  for (const scenario of scenarios.filter(({ name }) => wanted.includes(name))) {
    print(`${scenario.name}: ${scenario.about}`);
    if (scenario.ownSystems) await closeShared();
    try {
      figures[scenario.name] = await scenario.run({
        extent,
        system,
        print: (line) => print(`  ${line}`),
        audit: (audited) => audited.requireSound(),
      });
    } catch (error) {
      if (!(error instanceof Skipped)) throw error;
      print(`  left out: ${error.message}`);
      continue;
    }
    for (const [name, value] of Object.entries(figures[scenario.name]!)) {
      print(`  ${name.padEnd(24)} ${value}`);
    }
    keep(resultSoFar());
  }
} finally {
  await closeShared();
}

const result = resultSoFar();
console.log('');
for (const { name, value, target } of result.ratios) {
  console.log(`${name.padEnd(48)} ${String(value).padStart(8)}   wanted ${target}`);
}
console.log('');
keep(result);
console.log(JSON.stringify(result));
