import type { Route } from '#lib/contract/types.ts';
import { GrpcClient } from '#lib/grpc/client.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Check } from '#lib/process/readiness.ts';

/** The services behind the gateway: one client for each domain of the contracts. */
export type Upstreams = ReadonlyMap<string, GrpcClient>;

// Below the second that a readiness check may take.
const healthTimeoutMs = 900;

/** The domains that routes lead to, each once. */
export function domainsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map((route) => route.method.domain))].toSorted();
}

/**
 * `targets` has the addresses of each domain, in the form of PURSER_ORDERS_TARGET. Connects in the
 * background.
 */
export function connectUpstreams(
  targets: Readonly<Record<string, string>>,
  log: Logger,
): Upstreams {
  const clients = Object.entries(targets).map(
    ([domain, target]) => [domain, new GrpcClient({ target, log })] as const,
  );
  return new Map(clients);
}

/** One readiness check for each domain: at least one of its instances says that it is serving. */
export function upstreamChecks(upstreams: Upstreams): Record<string, Check> {
  const checks = [...upstreams].map(
    ([domain, client]) => [domain, () => client.checkHealth(healthTimeoutMs)] as const,
  );
  return Object.fromEntries(checks);
}

export function closeUpstreams(upstreams: Upstreams): void {
  for (const client of upstreams.values()) client.close();
}
