// npm run compose-check: the containers, from a build to nothing left, with every container killed
// in between, and once more over mutual TLS. Takes some ten minutes and needs Docker with Compose.
// A system that runs under the usual name is not touched.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { writeCertificates } from '../../../tools/certs/write-certificates.ts';
import { readArguments, wholeNumber } from '../../../tools/command/read-arguments.ts';
import { services } from '../../../tools/start/services.ts';
import { wrongInTheBooks } from './books.ts';
import { watchOneOrder } from './live.ts';
import { ordersDuring } from './load.ts';
import { ComposedSystem, imageBytes } from './system.ts';
import { watchWithPrometheus } from './watch.ts';

const usage = `npm run compose-check
Builds the containers, buys, kills every one of them under load, checks the books, and buys again
over mutual TLS. Some ten minutes; needs Docker with Compose.
  PURSER_CHECK_PORT  where the gateway listens; 18080 unless it is set`;

const port = readArguments(usage, {}, () =>
  wholeNumber('PURSER_CHECK_PORT', process.env['PURSER_CHECK_PORT'] ?? '18080', {
    min: 1,
    max: 65_535,
  }),
);
const system = new ComposedSystem({ project: 'purser-check', port });

/** What a service's image may add to its base. */
const imageMegabytesMax = 250;
const baseImage = 'node:26-slim';

const many = ['orders=3', 'payments=3', 'notifications=3', 'gateway=2'].flatMap((scale) => [
  '--scale',
  scale,
]);

const columns = ['step', 'seconds', 'accepted', 'paid', 'failed', 'repeated', 'longest wait'];
const widths = [34, 8, 9, 7, 7, 9, 13];
let problems = 0;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(...cells: (string | number)[]): void {
  print(cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' '));
}

/** Runs the step under a light load, then asks the books. */
async function step(name: string, work: () => Promise<void>, on = system): Promise<void> {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1_000).toFixed(1);
  try {
    const tally = await ordersDuring(on.url, work);
    const wrong = await wrongInTheBooks(on);
    const longest = `${(tally.longestMs / 1_000).toFixed(1)} s`;
    row(name, seconds(), tally.accepted, tally.paid, tally.failed, tally.repeated, longest);
    for (const fault of wrong) print(`  ${fault}`);
    problems += wrong.length;
    if (tally.paid === 0) throw new Error('no order was paid');
  } catch (error) {
    problems += 1;
    row(name, seconds(), 'failed');
    print(`  ${(error as Error).message.replaceAll('\n', '\n  ')}`);
  }
}

/** The same without load: what happens while there is nothing to order from. */
async function plain(name: string, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  await work();
  row(name, ((performance.now() - startedMs) / 1_000).toFixed(1));
}

async function killAndRecover(service: string): Promise<void> {
  const before = await system.running();
  await system.compose('kill', service);
  await sleep(2_000);
  await system.start(before.filter((found) => found.service === service));
  await allHealthy(before.length);
}

/** Not `up --wait`: that gives up at the first that is not healthy just now. */
async function allHealthy(count: number): Promise<void> {
  const endMs = Date.now() + 120_000;
  for (;;) {
    await sleep(1_000);
    const healthy = (await system.running()).filter((found) => found.healthy);
    if (healthy.length === count) return;
    if (Date.now() > endMs) throw new Error(`${healthy.length} of ${count} came back`);
  }
}

/** Ends processes from outside their containers, which only root may: the restart policy's part. */
async function crashOneOfEach(): Promise<void> {
  const before = await system.running();
  const firsts = before.filter(({ name }) => name.endsWith('-1'));
  const pids = await Promise.all(firsts.map(({ name }) => system.pidOf(name)));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  // It takes a moment until Docker notices, and so may the first look.
  await sleep(2_000);
  await allHealthy(before.length);
}

async function weighImages(): Promise<void> {
  const base = await imageBytes(baseImage);
  for (const { name } of services) {
    const image = `purser/${name}:${process.env['PURSER_VERSION'] ?? 'dev'}`;
    const megabytes = Math.ceil(((await imageBytes(image)) - base) / 1e6);
    print(`  ${image}: ${megabytes} MB beyond ${baseImage}`);
    if (megabytes <= imageMegabytesMax) continue;
    problems += 1;
    print(`  That is more than ${imageMegabytesMax} MB.`);
  }
}

/** Whether all that Orders does in its database goes through TLS. */
async function requireTls(secure: ComposedSystem): Promise<void> {
  const connections = `from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'orders'`;
  const isSecure = await secure.sql('orders', `select bool_and(ssl) ${connections}`);
  if (isSecure !== 't') throw new Error('Orders speaks to its database without TLS');
}

async function removeAll(composed: ComposedSystem): Promise<void> {
  await plain('down', () => composed.down());
  const { left, miscounted } = await composed.leftovers();
  for (const name of left) print(`  left behind: ${name}`);
  problems += left.length;
  for (const name of miscounted) {
    print(`  network ${name} has nobody in it, and Docker counts somebody: a fault of its own`);
    print('  (moby#42119). It goes away when the engine is started again.');
  }
}

try {
  await system.down();
  row(...columns);
  await plain('build', async () => void (await system.compose('build')));
  await weighImages();
  await plain('up', () => system.up());
  await step('one of each', () => watchOneOrder(system.url));
  await step('scaled to 3, 3 and 2', () => system.up('--no-recreate', ...many));
  await step('a WebSocket in each of ten tries', async () => {
    for (let tries = 0; tries < 10; tries += 1) await watchOneOrder(system.url);
  });
  await step('Prometheus watches', () => watchWithPrometheus(system));
  const running = new Set((await system.running()).map(({ service }) => service));
  for (const service of [...running].toSorted()) {
    await step(`${service} killed`, () => killAndRecover(service));
  }
  await step('one of each crashed, nobody helps', crashOneOfEach);
} finally {
  await removeAll(system);
}
const certificates = join(temporaryFolder(), 'certificates');
await writeCertificates(certificates, { days: 1 });
const secure = new ComposedSystem({
  project: 'purser-check-tls',
  port,
  overlays: ['deploy/compose.tls.yml'],
  environment: { PURSER_CERTIFICATES: certificates },
});
try {
  await secure.down();
  await plain('up, over mutual TLS', () => secure.up());
  const watch = async () => {
    await watchOneOrder(secure.url);
    await requireTls(secure);
  };
  await step('one of each, over mutual TLS', watch, secure);
} finally {
  await removeAll(secure);
}
print(problems === 0 ? 'All of it holds.' : `${problems} problems.`);
process.exitCode = problems === 0 ? 0 : 1;
