import { connect } from 'node:net';
import type { Route } from '#lib/contract/types.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import type { ReadinessOptions } from '#lib/process/readiness.ts';
import type { PagesTarget } from './pages.ts';

// Below the second that a readiness check may take.
const healthTimeoutMs = 900;

/** The domains that routes lead to, each once. */
export function domainsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map((route) => route.method.domain))].toSorted();
}

/** What a customer pays an order with. The others make it nicer: the gateway works without them. */
const essential: readonly string[] = ['orders', 'payments'];

/**
 * A readiness check for each domain: at least one of its instances says that it is serving; and one
 * for the store front, where there is one: it takes connections.
 */
export function upstreamChecks(
  upstreams: Upstreams,
  pages?: PagesTarget,
): Pick<ReadinessOptions, 'checks' | 'dispensable'> {
  const checks = Object.fromEntries(
    [...upstreams].map(([domain, client]) => [domain, () => client.checkHealth(healthTimeoutMs)]),
  );
  if (pages) checks['web'] = () => takesConnections(pages);
  const dispensable = Object.keys(checks).filter((name) => !essential.includes(name));
  return { checks, dispensable };
}

function takesConnections({ host, port }: PagesTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: healthTimeoutMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('no connection in time')));
    socket.once('error', reject);
  });
}
