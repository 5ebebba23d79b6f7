// npm run fuzz: starts a system of its own and sends it malformed requests over HTTP and as many
// over gRPC. Exits with 1 when an answer blames the server or tells too much, a process dies or
// grows, or a good call fails afterwards.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import {
  readArguments,
  requireOptionsOf,
  wholeNumber,
} from '../../tools/command/read-arguments.ts';
import { fuzz } from './fuzz.ts';

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

/** Growth of a process, in MiB, from after the first thousand cases to the end. */
const growthMax = 50;
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
const system = await startSystem();

interface Process {
  pid: number;
  mebibytes: number;
}

function processes(): Record<string, Process> {
  const found = Object.entries(kinds).map(([name, pattern]) => {
    const [pid] = system.pids(pattern);
    const status = pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return [name, { pid: pid ?? 0, mebibytes: Math.round(kibibytes / 1024) }];
  });
  return Object.fromEntries(found) as Record<string, Process>;
}

const { gateway, ...ports } = system.ports;
const { orders, payments, notifications } = ports;
const target = { gateway, services: { orders, payments, notifications } };
const onProgress = (done: number) => print(`  ${done} of ${count}`);
const problems: string[] = [];
const startedMs = performance.now();
const started = processes();
// What a process needs for its first thousand calls of every kind is no growth.
const warmUp = only === undefined ? Math.min(count, warmUpCount) : 0;
const first = await fuzz(target, { seed, count: warmUp });
const warm = processes();
const from = only ?? warmUp;
const rest = await fuzz(target, { seed, count: count - warmUp, from, onProgress });
const seconds = (performance.now() - startedMs) / 1_000;
const ended = processes();
problems.push(...first.wrong, ...rest.wrong);
for (const [name, { pid, mebibytes }] of Object.entries(ended)) {
  if (pid !== started[name]!.pid) problems.push(`${name} has died`);
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
print(`${((2 * count) / seconds).toFixed(0)} a second for ${seconds.toFixed(0)} s`);
for (const name of [...seen.keys()].toSorted()) print(`  ${name.padEnd(24)} ${seen.get(name)}`);
for (const [name, { mebibytes }] of Object.entries(ended)) {
  print(
    `  ${name.padEnd(24)} ${started[name]!.mebibytes} MiB at first, ${mebibytes} MiB at the end`,
  );
}
print(`  a good account and order ${good} ms`);
for (const problem of problems.slice(0, 40)) print(`wrong: ${problem}`);
print(problems.length === 0 ? 'All of it was answered for.' : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
