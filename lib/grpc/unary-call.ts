// What happens to every unary call, in this order: request id, deadline, who asks, decoding,
// validation, handler, and then one answer, one log line and one measurement.
import { randomUUID } from 'node:crypto';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { Method } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { toServiceError } from '#lib/errors/status.ts';
import { traceIds } from '#lib/trace/trace-parent.ts';
import { enterTrace } from '#lib/trace/tracing.ts';
import {
  admitCall,
  type AnyCallContext,
  type CallInHand,
  type CallOptions,
  recordCall,
  sendRequestId,
  toPurserError,
} from './admit-call.ts';
import { CallLimits, effectiveDeadline } from './call-limits.ts';
import { letGoOf } from './finished-calls.ts';
import { oneRequestId, oneTraceparent, requestIdKey, traceparentKey } from './call-metadata.ts';

/** What a handler knows of the call beside its request. */
export interface CallContext extends AnyCallContext {
  /** When the answer must be there; at most 30 s from the arrival. */
  deadline: Date;
}

/**
 * Answers one call. Throws PurserError for what the caller may know; anything else is logged with
 * its cause and leaves as a bare INTERNAL.
 */
export type Handler<Req = never, Res = unknown> = (request: Req, call: CallContext) => Promise<Res>;

interface Answer {
  response?: unknown;
  error?: PurserError;
}

/** A grpc-js handler that answers calls of the method with the handler. Never throws. */
export function unaryCall(method: Method, handler: Handler, options: CallOptions) {
  return async (call: ServerUnaryCall<Buffer, unknown>, callback: sendUnaryData<unknown>) => {
    const startedMs = performance.now();
    const givenId = oneRequestId(call.metadata.get(requestIdKey));
    const requestId = givenId ?? randomUUID();
    const limits = new CallLimits(effectiveDeadline(call.getDeadline()));
    call.on('cancelled', () => limits.cancel());
    const parent = oneTraceparent(call.metadata.get(traceparentKey));
    const span = enterTrace(method.path.slice(1), { kind: 'server', parent, believesParent: true });
    const inHand = { call, limits, requestId, traceparent: span.traceparent, options };
    // A caller that gave no id learns it before the answer, which it may not wait for. To others it
    // goes with the answer, in one packet: by itself it is one more to send and to read.
    if (givenId === undefined) sendRequestId(inHand);
    options.inFlight.add(limits);
    const { response, error } = await answerCall(method, handler, inHand);
    options.inFlight.delete(limits);
    limits.release();
    if (givenId !== undefined) sendRequestId(inHand);
    if (error === undefined) callback(null, response);
    else callback(toServiceError(error, requestId));
    span.end({ error, attributes: { 'rpc.system': 'grpc' } });
    recordCall(inHand, { path: method.path, error, startedMs });
    letGoOf(call);
  };
}

async function answerCall(method: Method, handler: Handler, inHand: CallInHand): Promise<Answer> {
  const { limits } = inHand;
  try {
    const { request, context } = admitCall(method, inHand);
    const deadline = limits.deadline as Date;
    const work = handler(request as never, Object.assign(context, { deadline }));
    work.catch((error) => logLateFailure(error, inHand));
    return { response: await limits.race(work) };
  } catch (error) {
    return { error: toPurserError(error, inHand) };
  }
}

// The caller has its answer already, so nobody else will ever tell of this.
function logLateFailure(
  error: unknown,
  { limits, requestId, traceparent, options }: CallInHand,
): void {
  const foreseen =
    error instanceof PurserError || (error instanceof Error && error.name === 'AbortError');
  if (!limits.signal.aborted || foreseen) return;
  options.log.warn(
    { requestId, ...traceIds(traceparent), error },
    'a handler failed after its call was over',
  );
}
