// Measures the live stream on this machine: `npm run bench:live`. One instance of Notifications as
// it runs in production, a PostgreSQL and a broker of its own, and clients in a process of theirs.
// The last line that it prints is JSON.
import { cpus, loadavg, totalmem } from 'node:os';
import { readArguments, wholeNumber } from '../../tools/command/read-arguments.ts';
import { LiveBench, type Measured } from './live-bench.ts';

const usage = `npm run bench:live
Measures the live stream of one instance of Notifications.
  PURSER_BENCH_SOCKETS  connections; 10000 unless it is set
  PURSER_BENCH_CHANGES  changes of orders to tell; 60000 unless it is set`;

const { sockets, changes } = readArguments(usage, {}, () => ({
  sockets: countFrom('PURSER_BENCH_SOCKETS', '10000'),
  changes: countFrom('PURSER_BENCH_CHANGES', '60000'),
}));

const machine = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
say(`${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.node}.`);
const bench = await LiveBench.open(say);
const measured: Measured[] = [];
let failed = false;
try {
  const steps = [
    () => bench.openSockets(sockets),
    () => bench.latency({ changes: 5_000, perSecond: 500 }),
    () => bench.fanOut(changes),
    () => bench.deafClient({ changes: 5_000, perSecond: 250 }),
  ];
  for (const step of steps) measured.push(...(await step()));
} catch (error) {
  failed = true;
  say(`It ends early: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await bench.close();
}
const width = Math.max(...measured.map(({ what }) => what.length));
for (const { what, value, unit, target } of measured) {
  const wanted = target === undefined ? '' : `  (target ${target} ${unit})`;
  process.stdout.write(`${what.padEnd(width)}  ${String(value).padStart(10)} ${unit}${wanted}\n`);
}
const load = loadavg().map((value) => Math.round(value * 10) / 10);
process.stdout.write(`${JSON.stringify({ bench: 'live', machine, load, failed, measured })}\n`);
process.exitCode = failed ? 1 : 0;

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function countFrom(name: string, usual: string): number {
  return wholeNumber(name, process.env[name] ?? usual, { min: 1, max: 9_999_999 });
}
