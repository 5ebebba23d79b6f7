import { Gauge } from 'prom-client';
import type { Readiness } from './readiness.ts';
import { version } from './version.ts';

const build = new Gauge({
  name: 'purser_build_info',
  help: 'Always 1; its labels tell what runs.',
  labelNames: ['service', 'version', 'node'],
});

const dependencies = new Gauge({
  name: 'purser_dependency_up',
  help: 'Whether what the process cannot work without answers: 1 or 0.',
  labelNames: ['dependency'],
});

export function showBuild(service: string): void {
  build.set({ service, version, node: process.versions.node }, 1);
}

/** Sets the gauges of what is checked; at each scrape. */
export async function showDependencies(readiness: Readiness): Promise<void> {
  const { checks, failures } = await readiness.report();
  for (const dependency of checks) dependencies.set({ dependency }, failures[dependency] ? 0 : 1);
}
