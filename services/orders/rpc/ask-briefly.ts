import type { Method } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { onBehalf } from '#lib/grpc/on-behalf.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';

/** An answer without Payments is better than none, so it gets a part of the caller's time. */
const askTimeoutMs = 1_000;

/**
 * Asks Payments for something that the caller can do without. Undefined when it does not answer
 * within a second; throws what it refuses with.
 */
export async function askBriefly<Req, Res>(
  { upstreams, log }: ServiceDeps,
  { method, request, userId }: { method: Method<Req, Res>; request: Req; userId: string },
  call: CallContext,
): Promise<Res | undefined> {
  const deadline = new Date(Math.min(call.deadline.getTime(), Date.now() + askTimeoutMs));
  try {
    const options = { ...onBehalf(call, userId), deadline };
    return await upstreams.get('payments')!.unary(method, request, options);
  } catch (error) {
    const { requestId } = call;
    const reason = error instanceof PurserError ? error.reason : 'INTERNAL';
    if (!['DEPENDENCY_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'OVERLOADED'].includes(reason)) {
      throw error;
    }
    log.warn({ error, requestId, method: method.path }, 'Payments does not answer');
    return undefined;
  }
}
