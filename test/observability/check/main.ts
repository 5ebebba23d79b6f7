// `npm run alerts-check`: starts the system and Prometheus, breaks one thing after the other, and
// waits until each alert fires that the rules promise for it. About five minutes. Exits with 1 when
// one does not fire, or one fires while nothing is broken; with 2 where there is no Prometheus.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDebianProgram } from '#test/harness/debian-program.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../../../tools/local/free-port.ts';
import { alertRules } from '../alert-rules.ts';
import { startPrometheus } from './prometheus.ts';
import { notProvoked, provocations } from './provocations.ts';

/** How long an alert may take to fire: the longest is about orders that wait for a minute. */
const firesWithinMs = 180_000;

const processes = ['orders', 'payments', 'notifications', 'operations', 'gateway', 'web'];

const found = await findDebianProgram(['prometheus'], 'prometheus');
if (found.path === undefined) {
  process.stderr.write(`Prometheus is needed: ${found.reason}.\n`);
  process.exit(2);
}
const promised = provocations.flatMap(({ during, after = [] }) => [...during, ...after]);
const covered = new Set([...promised, ...Object.keys(notProvoked)]);
const forgotten = alertRules.filter(({ alert }) => !covered.has(alert));
if (forgotten.length > 0) {
  process.stderr.write(`Nothing provokes ${forgotten.map(({ alert }) => alert).join(', ')}.\n`);
  process.exit(1);
}

const startedMs = performance.now();
const say = (text: string) => {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  process.stdout.write(`${String(seconds).padStart(4)} s  ${text}\n`);
};

say('The system starts.');
const system = await startSystem({ PURSER_LOG_LEVEL: 'warn' });
const targets = processes.map((name) => {
  const port = system.environment[`PURSER_${name.toUpperCase()}_INTERNAL_PORT`];
  return [name, Number(port)] as const;
});
const prometheus = await startPrometheus({
  binary: found.path,
  folder: join(temporaryFolder(), 'prometheus'),
  port: await freePort(),
  targets: Object.fromEntries(targets),
});
const problems: string[] = [];

/** Resolves with those that did not fire in time. */
async function missing(alerts: readonly string[]): Promise<string[]> {
  const left = new Set(alerts);
  const endMs = performance.now() + firesWithinMs;
  while (left.size > 0 && performance.now() < endMs) {
    const firing = await prometheus.firing();
    for (const alert of left) {
      if (!firing.has(alert)) continue;
      left.delete(alert);
      say(`  ${alert} fires.`);
    }
    await sleep(500);
  }
  return [...left];
}

try {
  say('Nothing is broken.');
  await sleep(15_000);
  const early = [...(await prometheus.firing())];
  if (early.length > 0) problems.push(`without any reason: ${early.join(', ')}`);
  for (const { what, breakIt, during, after = [] } of provocations) {
    say(`Broken: ${what}.`);
    const mend = await breakIt(system);
    const silent = await missing(during);
    await mend();
    silent.push(...(await missing(after)));
    for (const alert of silent) {
      say(`  ${alert} does not fire.`);
      problems.push(`${alert}, at ${what}`);
    }
  }
} finally {
  await prometheus.stop();
  await system.stop();
}
for (const [alert, why] of Object.entries(notProvoked)) say(`Not tried: ${alert}, because ${why}.`);
say(problems.length === 0 ? 'Every alert fired that was tried.' : `Wrong: ${problems.join('; ')}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
