import { OperationsClient } from '#gen/sdk/operator/clients.ts';
import { Caller } from '#sdk/src/caller.ts';
import { FetchTransport } from '#sdk/src/fetch-transport.ts';
import { PurserError } from '#sdk/src/purser-error.ts';

/** Speaks with Operations as whoever has the key. */
export function operatorClient(key: string): OperationsClient {
  const headers = { authorization: `Bearer ${key}` };
  const transport = new FetchTransport({ baseUrl: '', headers });
  // The calls name no user; the SDK wants one for all calls.
  return new OperationsClient(new Caller(transport, { userId: 'operator', timeoutMs: 15_000 }));
}

/** Whether the call failed because of the key, whatever was asked for. */
export function isKeyFault(error: unknown): error is PurserError {
  return (
    error instanceof PurserError &&
    ['OPERATOR_KEY_REQUIRED', 'OPERATIONS_DISABLED'].includes(error.reason)
  );
}
