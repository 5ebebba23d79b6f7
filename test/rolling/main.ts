// npm run rolling-check: starts a system of its own with two instances of everything, restarts all
// of them under load, one after the other, and audits. Exits with 1 when an idempotent call has
// failed.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '#test/harness/service.ts';
import { fundedUser, startSystem } from '#test/harness/started-system.ts';
import { readArguments, wholeNumber } from '../../tools/command/read-arguments.ts';
import { Load } from './load.ts';
import { kinds, roll } from './roll.ts';

const instances = 2;

const usage = `npm run rolling-check -- [--rounds N] [--callers N]
Restarts every instance of every service under load, and fails when one idempotent call does.
  --rounds N   how often, 1 to 1000; 20 unless told otherwise; one takes some 20 s
  --callers N  how many call at a time, 1 to 1000; 8 unless told otherwise`;

const options = {
  rounds: { type: 'string', default: '20' },
  callers: { type: 'string', default: '8' },
} as const;

const { rounds, callers } = readArguments(usage, { options }, ({ values }) => ({
  rounds: wholeNumber('--rounds', values.rounds, { min: 1, max: 1_000 }),
  callers: wholeNumber('--callers', values.callers, { min: 1, max: 1_000 }),
}));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const two = String(instances);
const system = await startSystem({
  PURSER_ORDERS_INSTANCES: two,
  PURSER_PAYMENTS_INSTANCES: two,
  PURSER_NOTIFICATIONS_INSTANCES: two,
  PURSER_GATEWAY_INSTANCES: two,
});
const ports = (first: number) => Array.from({ length: instances }, (_, n) => first + 100 * n);
const { userId } = await fundedUser(system.url, 1_000_000);
const load = new Load({
  gateways: ports(system.ports.gateway).map((port) => `http://127.0.0.1:${port}`),
  ordersTarget: ports(system.ports.orders)
    .map((port) => `127.0.0.1:${port}`)
    .join(','),
  userId,
  callers,
});
let problem: string | undefined;
try {
  await sleep(1_000);
  for (let round = 1; round <= rounds; round += 1) {
    const startedMs = performance.now();
    const before = load.seen.calls;
    const stops: string[] = [];
    for (const kind of kinds) {
      const ms = await roll(system, kind, instances);
      stops.push(`${kind} ${(ms / 1_000).toFixed(1)} s`);
    }
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const { calls, failed } = load.seen;
    print(
      `round ${String(round).padStart(2)} of ${rounds}: ${seconds} s, ${calls - before} calls, ` +
        `${failed.length} failed so far; slowest stop: ${stops.join(', ')}`,
    );
  }
} catch (error) {
  problem = (error as Error).message;
} finally {
  await load.stop();
}
const { calls, failed, repeated, took, orders } = load.seen;
const inOrders = async (condition: string) => {
  const text = `select count(*) as count from orders where ${condition}`;
  const [row] = await system.sql<{ count: bigint }>('orders', text);
  return Number(row?.count ?? 0n);
};
await eventually(
  () => inOrders("state = 'PENDING'"),
  (count) => count === 0,
  60_000,
).catch((error: Error) => (problem ??= `not every order has ended: ${error.message}`));
const ended = await inOrders("state in ('PAID', 'FAILED')");
if (ended !== orders.size) problem ??= `${orders.size} orders were accepted, ${ended} have ended`;
await system.requireSound().catch((error: Error) => (problem ??= error.message));
const exit = await system.stop();

const sorted = took.toSorted((a, b) => a - b);
const percentile = (part: number) => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
print('');
print(`restarts           ${rounds * kinds.length * instances}`);
print(`idempotent calls   ${calls}, ${failed.length} failed`);
for (const fault of new Set(failed)) print(`  failed           ${fault}`);
for (const [fault, count] of repeated) print(`  asked again      ${count} times after ${fault}`);
print(
  `time of a call     median ${percentile(0.5)} ms, 99 % ${percentile(0.99)} ms, ` +
    `longest ${Math.round(sorted.at(-1) ?? 0)} ms`,
);
print(`orders             ${orders.size} accepted, ${ended} ended`);
if (problem) print(`problem            ${problem}`);
print(`npm start          ended with ${exit}`);
const holds = failed.length === 0 && problem === undefined && exit === 0;
print(holds ? 'No idempotent call has failed.' : 'It does not hold.');
process.exitCode = holds ? 0 : 1;
