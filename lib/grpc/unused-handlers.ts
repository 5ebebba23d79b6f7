import { methods } from '#gen/methods.ts';
import { streams } from '#gen/streams.ts';
import type { StreamHandler } from './stream-call.ts';
import type { Handler } from './unary-call.ts';

/**
 * For tests of the kits: handlers that fail, for every method and stream of a service, to be spread
 * below the few that a test uses. A new RPC then needs no line in tests that are not about it.
 */
export function unusedHandlers(service: string): Record<string, Handler | StreamHandler> {
  const fail = () => {
    throw new Error('not used in this test');
  };
  const calls = [...Object.values(methods), ...Object.values(streams)];
  const paths = calls.filter((call) => call.service === service).map(({ path }) => path);
  return Object.fromEntries(paths.map((path) => [path, fail]));
}
