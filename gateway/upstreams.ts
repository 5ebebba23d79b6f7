import type { Route } from '#lib/contract/types.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';
import type { Check } from '#lib/process/readiness.ts';

// Below the second that a readiness check may take.
const healthTimeoutMs = 900;

/** The domains that routes lead to, each once. */
export function domainsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map((route) => route.method.domain))].toSorted();
}

/** One readiness check for each domain: at least one of its instances says that it is serving. */
export function upstreamChecks(upstreams: Upstreams): Record<string, Check> {
  const checks = [...upstreams].map(
    ([domain, client]) => [domain, () => client.checkHealth(healthTimeoutMs)] as const,
  );
  return Object.fromEntries(checks);
}
