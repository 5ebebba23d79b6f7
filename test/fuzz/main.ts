// npm run fuzz: starts a system of its own and sends it malformed requests over HTTP and as many
// over gRPC. Exits with 1 when an answer blames the server or tells too much, a process dies or
// grows, or a good call fails afterwards.
import { randomInt } from 'node:crypto';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import {
  readArguments,
  requireOptionsOf,
  wholeNumber,
} from '../../tools/command/read-arguments.ts';
import { fuzz } from './fuzz.ts';
import { liveHeapEnvironment, liveHeapMiB } from './live-heap.ts';

const usage = `npm run fuzz -- [--seed N] [--count N | --only INDEX]
Sends malformed requests over HTTP, and as many over gRPC, to a system of its own.
  --seed N      what they are made from; random unless told otherwise
  --count N     how many over each; 10000 unless told otherwise
  --only INDEX  one alone, by its number among those of the seed`;

const options = {
  seed: { type: 'string' },
  count: { type: 'string' },
  only: { type: 'string' },
} as const;

/** Growth of what a process has in use, in MiB, from after the first thousand cases to the end. */
const growthMax = 8;
const warmUpCount = 1_000;
const kinds = {
  gateway: /gateway\/main/,
  orders: /services\/orders\/main/,
  payments: /services\/payments\/main/,
  notifications: /services\/notifications\/main/,
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { seed, count, only } = readArguments(usage, { options }, ({ values }) => {
  const range = { min: 0, max: 2 ** 31 - 1 };
  if (values.only !== undefined) requireOptionsOf('--only', ['only', 'seed'], values);
  const one = wholeNumber('--only', values.only, range);
  return {
    seed: wholeNumber('--seed', values.seed, range) ?? randomInt(2 ** 31),
    count: one === undefined ? (wholeNumber('--count', values.count, range) ?? 10_000) : 1,
    only: one,
  };
});
print(`seed ${seed}, ${count} over HTTP and ${count} over gRPC`);
const system = await startSystem(liveHeapEnvironment);

interface Process {
  pid: number | undefined;
  mebibytes: number;
}

async function processes(): Promise<Record<string, Process>> {
  const found = Object.entries(kinds).map(async ([name, pattern]) => {
    const [pid] = system.pids(pattern);
    const port = system.environment[`PURSER_${name.toUpperCase()}_INTERNAL_PORT`]!;
    const mebibytes = pid === undefined ? Number.NaN : await liveHeapMiB(pid, port);
    return [name, { pid, mebibytes: Math.round(mebibytes) }];
  });
  return Object.fromEntries(await Promise.all(found)) as Record<string, Process>;
}

const { gateway, ...ports } = system.ports;
const { orders, payments, notifications } = ports;
const target = { gateway, services: { orders, payments, notifications } };
const onProgress = (done: number) => print(`  ${done} of ${count}`);
const problems: string[] = [];
// What a process needs for its first thousand calls of every kind is no growth.
const warmUp = only === undefined ? Math.min(count, warmUpCount) : 0;
const first = await fuzz(target, { seed, count: warmUp });
const warm = await processes();
const startedMs = performance.now();
const from = only ?? warmUp;
const rest = await fuzz(target, { seed, count: count - warmUp, from, onProgress });
const seconds = (performance.now() - startedMs) / 1_000;
const ended = await processes();
problems.push(...first.wrong, ...rest.wrong);
for (const [name, { pid, mebibytes }] of Object.entries(ended)) {
  if (pid === undefined || pid !== warm[name]!.pid) problems.push(`${name} has died`);
  const growth = mebibytes - warm[name]!.mebibytes;
  if (growth > growthMax) problems.push(`${name} has grown by ${growth} MiB`);
}
const afterMs = performance.now();
const { call } = await fundedUser(system.url, 100);
const { status } = await call('POST', '/v1/orders', { body: { amount: usd(1) } });
if (status !== 201) problems.push(`a good order is answered with ${status} afterwards`);
const good = Math.round(performance.now() - afterMs);
await system.requireSound().catch((error: Error) => problems.push(error.message));
const exit = await system.stop();
if (exit !== 0) problems.push(`npm start ended with ${exit}`);

const seen = new Map(first.seen);
for (const [name, times] of rest.seen) seen.set(name, (seen.get(name) ?? 0) + times);
print(`${((2 * (count - warmUp)) / seconds).toFixed(0)} a second for ${seconds.toFixed(0)} s`);
for (const name of [...seen.keys()].toSorted()) print(`  ${name.padEnd(24)} ${seen.get(name)}`);
for (const [name, { mebibytes }] of Object.entries(ended)) {
  const before = warm[name]!.mebibytes;
  print(`  ${name.padEnd(24)} ${before} MiB in use after ${warmUp}, ${mebibytes} at the end`);
}
print(`  a good account and order ${good} ms`);
for (const problem of problems.slice(0, 40)) print(`wrong: ${problem}`);
print(problems.length === 0 ? 'All of it was answered for.' : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
