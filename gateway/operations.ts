import type { Route } from '#lib/contract/types.ts';
import type { Readiness } from '#lib/process/readiness.ts';
import { documents } from './documents.ts';
import type { Document } from './documents.ts';
import { livePath } from './live-proxy.ts';
import type { PagesTarget } from './pages.ts';

/** What a path leads to: an RPC, or something that the gateway itself knows. */
export type Operation = { httpMethod: string; path: string } & (
  | { kind: 'rpc'; route: Route }
  | { kind: 'probe'; probe: () => Promise<{ status: number; body: unknown }> }
  | { kind: 'document'; document: Document }
  | { kind: 'live' }
  | { kind: 'page'; target: PagesTarget }
);

/** Everything that the public port answers to. */
export function operationsOf(routes: readonly Route[], readiness: Readiness): Operation[] {
  return [
    ...routes.map((route): Operation => ({
      kind: 'rpc',
      httpMethod: route.httpMethod,
      path: route.path,
      route,
    })),
    {
      kind: 'probe',
      httpMethod: 'GET',
      path: '/healthz',
      probe: async () => ({ status: 200, body: { alive: true } }),
    },
    {
      kind: 'probe',
      httpMethod: 'GET',
      path: '/readyz',
      probe: async () => {
        const report = await readiness.report();
        return { status: report.ready ? 200 : 503, body: report };
      },
    },
    { kind: 'live', httpMethod: 'GET', path: livePath },
    ...documents.map((document): Operation => ({
      kind: 'document',
      httpMethod: 'GET',
      path: document.path,
      document,
    })),
  ];
}
