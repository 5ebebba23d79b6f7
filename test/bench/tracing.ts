// `npm run bench:tracing`: what tracing costs. Three whole systems, with tracing off, for one order
// in a hundred and for every order, run side by side and are loaded in turn, round after round, so
// that whatever else the machine does meets all of them alike. The CPU of an order is the figure to
// trust: orders a second also tell of the load generator beside them.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readArguments, wholeNumber } from '../../tools/command/read-arguments.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { runClosedLoop } from './closed-loop.ts';
import { restOrder } from './order-request.ts';
import { round } from './paid-orders.ts';
import { type Usage, usageBetween } from './process-usage.ts';

const usage = `npm run bench:tracing -- [--rounds N] [--seconds N] [--concurrency N]
Measures what traces cost: off, for one order in a hundred, and for every order.
  --rounds N       how often each is measured; 10 unless told otherwise
  --seconds N      how long each time; 5 unless told otherwise
  --concurrency N  orders at a time; 32 unless told otherwise`;

const options = {
  rounds: { type: 'string', default: '10' },
  seconds: { type: 'string', default: '5' },
  concurrency: { type: 'string', default: '32' },
} as const;

const { rounds, seconds, concurrency } = readArguments(usage, { options }, ({ values }) => ({
  rounds: wholeNumber('--rounds', values.rounds, { min: 1 }),
  seconds: wholeNumber('--seconds', values.seconds, { min: 1 }),
  concurrency: wholeNumber('--concurrency', values.concurrency, { min: 1 }),
}));

/** Takes spans as a collector would, and throws them away. */
async function startCollector(): Promise<{ url: string; server: Server; bytes(): number }> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => (bytes += part.length));
    request.on('end', () => response.end('{}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server, bytes: () => bytes };
}

/** The ports of a system are taken at random, and another one may have them. */
async function startOnFreePorts(environment: Record<string, string>): Promise<BenchSystem> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startBenchSystem(1_000, environment);
    } catch (error) {
      if (attempt === 5 || !String(error).includes('is taken by')) throw error;
    }
  }
}

interface Round {
  perSecond: number;
  cpuMs: number;
}

async function measure(system: BenchSystem): Promise<Round> {
  const { http, users } = system;
  let before: Map<string, Usage> | undefined;
  const load = await runClosedLoop(
    {
      concurrency,
      warmUpMs: 1_000,
      measureMs: seconds * 1_000,
      onMeasure: () => (before = system.usage()),
    },
    http.map((connection, caller) => async () => {
      const user = users[(caller * 7 + Math.floor(Math.random() * users.length)) % users.length]!;
      return (await connection.send(restOrder(user))).status === 201;
    }),
  );
  const after = system.usage();
  await system.drain();
  if (load.failures > 0) throw new Error(`${load.failures} orders could not be created.`);
  if (before === undefined || after === undefined) throw new Error('CPU cannot be read here.');
  const spent = [...usageBetween(before, after)].filter(([kind]) => kind !== 'load');
  const cpuMs = spent.reduce((sum, [, used]) => sum + used.cpuMs, 0) / load.calls;
  return { perSecond: load.perSecond, cpuMs };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle - 0.5)]! + sorted[Math.floor(middle)]!) / 2;
}

const collector = await startCollector();
const traced = { PURSER_TRACING: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
const modes = [
  { name: 'off', environment: {} },
  { name: '1 %', environment: { ...traced, OTEL_TRACES_SAMPLER_ARG: '0.01' } },
  { name: '100 %', environment: { ...traced, OTEL_TRACES_SAMPLER_ARG: '1' } },
];
const systems: { name: string; system: BenchSystem; results: Round[] }[] = [];
try {
  for (const { name, environment } of modes) {
    const quiet = { ...environment, PURSER_LOG_LEVEL: 'warn' };
    systems.push({ name, system: await startOnFreePorts(quiet), results: [] });
    console.log(`The system with tracing ${name} runs.`);
  }
  // One round that is not counted: code is compiled, pools and caches are filled.
  for (const { system } of systems) await measure(system);
  for (let index = 0; index < rounds; index += 1) {
    // Another one is first in each round.
    const order = systems.map((_, place) => systems[(place + index) % systems.length]!);
    for (const { system, results } of order) results.push(await measure(system));
    const shown = systems.map(({ name, results }) => {
      const { perSecond, cpuMs } = results.at(-1)!;
      return `${name}: ${round(perSecond)}/s, ${round(cpuMs, 3)} ms`;
    });
    console.log(`round ${index + 1} of ${rounds}   ${shown.join('   ')}`);
  }
  const base = systems[0]!.results;
  console.log('\ntracing   orders/s   against off   CPU ms/order   against off');
  for (const { name, results } of systems) {
    const against = (pick: (one: Round) => number) =>
      // Pairs of one round met the same machine.
      median(results.map((one, index) => pick(one) / pick(base[index]!)));
    const percent = (ratio: number) => `${ratio >= 1 ? '+' : ''}${round((ratio - 1) * 100)} %`;
    const cells = [
      name.padEnd(9),
      String(round(median(results.map(({ perSecond }) => perSecond)))).padStart(8),
      percent(against(({ perSecond }) => perSecond)).padStart(13),
      String(round(median(results.map(({ cpuMs }) => cpuMs)), 3)).padStart(14),
      percent(against(({ cpuMs }) => cpuMs)).padStart(13),
    ];
    console.log(cells.join(' '));
  }
  console.log(`\nThe collector was sent ${round(collector.bytes() / 1e6)} MB.`);
} finally {
  for (const { system } of systems) await system.close();
  collector.server.closeAllConnections();
  collector.server.close();
}
