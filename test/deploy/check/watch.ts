import { setTimeout as sleep } from 'node:timers/promises';
import { alertRules } from '#test/observability/alert-rules.ts';
import { services } from '../../../tools/start/services.ts';
import type { ComposedSystem } from './system.ts';

/** It looks for new instances every 5 s, and scrapes and decides every 15 s. */
const timeoutMs = 90_000;

/**
 * Starts the Prometheus of the profile `observability` beside the system, waits until it scrapes
 * every instance and has looked at every rule, and removes it. Throws what it does not reach within
 * 90 s, and which alerts fire although nothing is broken.
 */
export async function watchWithPrometheus(system: ComposedSystem): Promise<void> {
  const running = await system.running();
  const count = (name: string) => running.filter(({ service }) => service === name).length;
  const wanted = services.map(({ name }) => `${count(name)} ${name}`).join(', ');
  await system.compose('--profile', 'observability', 'up', '--detach', '--no-deps', 'prometheus');
  try {
    const endMs = Date.now() + timeoutMs;
    for (;;) {
      await sleep(2_000);
      const { scraped, looked } = await seenBy(system);
      if (scraped === wanted && looked === alertRules.length) break;
      if (Date.now() > endMs) throw new Error(`Prometheus sees ${scraped}; ${looked} rules work`);
    }
    const { alerts } = await ask<{ alerts: { state: string; labels: Labels }[] }>(system, 'alerts');
    const firing = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
    if (firing.length > 0) throw new Error(`alerts fire: ${JSON.stringify(firing)}`);
  } finally {
    const remove = ['rm', '--stop', '--force', 'prometheus'];
    await system.compose('--profile', 'observability', ...remove);
  }
}

type Labels = Record<string, string>;

interface Seen {
  /** How many instances of each process answer, as `1 orders, 2 payments`. */
  scraped: string;
  /** How many rules it could decide about. */
  looked: number;
}

async function seenBy(system: ComposedSystem): Promise<Seen> {
  try {
    const { activeTargets } = await ask<{ activeTargets: { health: string; labels: Labels }[] }>(
      system,
      'targets?state=active',
    );
    const up = activeTargets.filter(({ health }) => health === 'up');
    const count = (name: string) => up.filter(({ labels }) => labels['job'] === name).length;
    const { groups } = await ask<{ groups: { rules: { health: string }[] }[] }>(system, 'rules');
    const looked = groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'ok');
    return {
      scraped: services.map(({ name }) => `${count(name)} ${name}`).join(', '),
      looked: looked.length,
    };
  } catch (error) {
    // It has only just been started.
    return { scraped: (error as Error).message, looked: 0 };
  }
}

/** Its port is in no network that this machine is in. */
async function ask<T>(system: ComposedSystem, what: string): Promise<T> {
  const url = `http://127.0.0.1:9090/api/v1/${what}`;
  const answer = await system.compose('exec', '-T', 'prometheus', 'wget', '-q', '-O', '-', url);
  return (JSON.parse(answer) as { data: T }).data;
}
