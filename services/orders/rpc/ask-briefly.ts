import { status } from '@grpc/grpc-js';
import type { Method } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { onBehalf } from '#lib/grpc/on-behalf.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';

/** An answer without the other service is better than none; it gets a part of the caller's time. */
const askTimeoutMs = 1_000;

/**
 * Asks another service for something that the caller can do without. Undefined when it does not
 * answer within a second, or is of a release that has no answer; throws what it refuses with.
 */
export async function askBriefly<Req, Res>(
  { upstreams, log }: ServiceDeps,
  { method, request, userId }: { method: Method<Req, Res>; request: Req; userId: string },
  call: CallContext,
): Promise<Res | undefined> {
  const deadline = new Date(Math.min(call.deadline.getTime(), Date.now() + askTimeoutMs));
  try {
    const options = { ...onBehalf(call, userId), deadline };
    return await upstreams.get(method.domain)!.unary(method, request, options);
  } catch (error) {
    const { requestId } = call;
    const reason = error instanceof PurserError ? error.reason : 'INTERNAL';
    const isAway = ['DEPENDENCY_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'OVERLOADED'].includes(reason);
    if (!isAway && !isUnknownThere(error)) throw error;
    log.warn({ error, requestId, method: method.path }, `${method.domain} does not answer`);
    return undefined;
  }
}

/** During an upgrade the other service may still be of a release without the method. */
function isUnknownThere(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return cause?.code === status.UNIMPLEMENTED;
}
