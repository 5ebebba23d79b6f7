import { methods } from '#gen/methods.ts';
import type { Handler } from './unary-call.ts';

/**
 * For tests of the kits: handlers that fail, for every method of a service, to be spread below the
 * few that a test uses. A new RPC then needs no line in tests that are not about it.
 */
export function unusedHandlers(service: string): Record<string, Handler> {
  const paths = Object.values(methods).filter((method) => method.service === service);
  const fail: Handler = () => Promise.reject(new Error('not used in this test'));
  return Object.fromEntries(paths.map(({ path }) => [path, fail]));
}
