import type { CallOptions } from './client.ts';
import type { CallContext } from './unary-call.ts';

/**
 * Options of a call that a service makes because of one that it answers: for the same user, or for
 * another one's data that the caller may see, within what is left of the caller's time.
 */
export function onBehalf(call: CallContext, userId = call.userId): CallOptions {
  const { requestId, deadline, signal, traceparent } = call;
  return { userId, requestId, deadline, signal, traceparent };
}
