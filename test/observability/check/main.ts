// `npm run alerts-check`: starts the system and Prometheus, breaks one thing after the other, and
// waits until each alert fires that the rules promise for it. About four minutes. Exits with 1
// when one does not fire, or one fires while nothing is broken; with 2 without a Prometheus.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDebianProgram } from '#test/harness/debian-program.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { readArguments } from '../../../tools/command/read-arguments.ts';
import { freePort } from '../../../tools/local/free-port.ts';
import { alertRules } from '../alert-rules.ts';
import { type RunningPrometheus, startPrometheus } from './prometheus.ts';
import { type Provocation, provocations, provocationsOverTls } from './provocations.ts';

const usage = `npm run alerts-check
Breaks a running system in turn and waits until Prometheus raises each alert. About four minutes.`;

readArguments(usage, {});

/** How long an alert may take to fire: the longest is about orders that wait for a minute. */
const firesWithinMs = 180_000;

const processes = ['orders', 'payments', 'notifications', 'operations', 'gateway', 'web'];

const found = await findDebianProgram(['prometheus'], 'prometheus');
if (found.path === undefined) {
  process.stderr.write(`Prometheus is needed: ${found.reason}.\n`);
  process.exit(2);
}
const binary = found.path;
const promised = new Set(
  [...provocations, ...provocationsOverTls].flatMap(({ during, after = [] }) => [
    ...during,
    ...after,
  ]),
);
const forgotten = alertRules.filter(({ alert }) => !promised.has(alert));
if (forgotten.length > 0) {
  process.stderr.write(`Nothing provokes ${forgotten.map(({ alert }) => alert).join(', ')}.\n`);
  process.exit(1);
}

const startedMs = performance.now();
const problems: string[] = [];
const fired = new Set<string>();

function say(text: string): void {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  process.stdout.write(`${String(seconds).padStart(4)} s  ${text}\n`);
}

/** Resolves with those that did not fire in time. */
async function missing(prometheus: RunningPrometheus, alerts: readonly string[]) {
  const left = new Set(alerts);
  const endMs = performance.now() + firesWithinMs;
  while (left.size > 0 && performance.now() < endMs) {
    const firing = await prometheus.firing();
    for (const alert of left) {
      if (!firing.has(alert)) continue;
      left.delete(alert);
      fired.add(alert);
      say(`  ${alert} fires.`);
    }
    await sleep(500);
  }
  return [...left];
}

/** A system of its own and a Prometheus that watches it, for each of the provocations in turn. */
async function provoke(environment: Record<string, string>, all: readonly Provocation[]) {
  say('The system starts.');
  const system = await startSystem({
    PURSER_LOG_LEVEL: 'warn',
    // Of the one process at a time that is asked to open its inspector.
    NODE_OPTIONS: `--inspect-port=${await freePort()}`,
    ...environment,
  });
  const targets = processes.map((name) => {
    const port = system.environment[`PURSER_${name.toUpperCase()}_INTERNAL_PORT`];
    return [name, Number(port)] as const;
  });
  const prometheus = await startPrometheus({
    binary,
    folder: join(temporaryFolder(), `prometheus-${system.ports.gateway}`),
    port: await freePort(),
    targets: Object.fromEntries(targets),
  });
  try {
    say('Nothing is broken.');
    await sleep(15_000);
    const early = [...(await prometheus.firing())];
    if (early.length > 0) problems.push(`without any reason: ${early.join(', ')}`);
    for (const { what, breakIt, during, after = [] } of all) {
      say(`Broken: ${what}.`);
      const mend = await breakIt(system);
      const silent = await missing(prometheus, during);
      await mend();
      silent.push(...(await missing(prometheus, after)));
      for (const alert of silent) {
        say(`  ${alert} does not fire.`);
        problems.push(`${alert}, at ${what}`);
      }
    }
  } finally {
    await prometheus.stop();
    await system.stop();
  }
}

await provoke({ PURSER_TLS: 'on' }, provocationsOverTls);
await provoke({}, provocations);
say(
  problems.length === 0
    ? `All ${fired.size} alerts fired.`
    : `${fired.size} of ${alertRules.length} alerts fired. Wrong: ${problems.join('; ')}.`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
