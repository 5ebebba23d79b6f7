// What happens to every unary call, in this order: request id, deadline, user id, decoding,
// validation, handler, and then one answer, one log line and one measurement.
import { Metadata, status as grpcStatus } from '@grpc/grpc-js';
import type { MethodDefinition, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { errorCatalogue } from '#gen/errors.ts';
import type { Method } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { toServiceError } from '#lib/errors/status.ts';
import { userHash, type Logger } from '#lib/log/logger.ts';
import { CallLimits, effectiveDeadline } from './call-limits.ts';
import {
  isStaff,
  oneTraceparent,
  oneUserId,
  requestIdKey,
  requestIdOrNew,
} from './call-metadata.ts';
import { traceparentKey, userIdKey } from './call-metadata.ts';
import { callDuration, callsHandled } from './server-metrics.ts';

/** What a handler knows of the call beside its request. */
export interface CallContext {
  /** Who is asking: 1 to 128 visible ASCII characters. */
  userId: string;
  /** Whether the caller has the role staff. */
  isStaff: boolean;
  /** Finds the call in the logs of every process that it passed through. */
  requestId: string;
  /** When the answer must be there; at most 30 s from the arrival. */
  deadline: Date;
  /**
   * Aborts at the deadline, or when the caller goes, with the PurserError that the caller would
   * get.
   */
  signal: AbortSignal;
  /** Writes lines that carry the request id. */
  log: Logger;
  /** W3C trace parent, when the caller sent a valid one. */
  traceparent: string | undefined;
}

/**
 * Answers one call. Throws PurserError for what the caller may know; anything else is logged with
 * its cause and leaves as a bare INTERNAL.
 */
export type Handler<Req = never, Res = unknown> = (request: Req, call: CallContext) => Promise<Res>;

export interface UnaryCallOptions {
  log: Logger;
  /** Whether an error means that a dependency does not answer right now: DEPENDENCY_UNAVAILABLE. */
  isTransient(error: unknown): boolean;
  /** Every call is in here until it is answered. */
  inFlight: Set<CallLimits>;
}

interface Answer {
  response?: unknown;
  error?: PurserError;
}

/**
 * The definition to register with grpc-js. The message stays bytes until the kit decodes it:
 * grpc-js would answer malformed bytes with INTERNAL, which blames us for the caller's fault.
 */
export function undecoded(method: Method): MethodDefinition<Buffer, unknown> {
  return { ...method.definition, requestDeserialize: (bytes: Buffer) => bytes };
}

/** A grpc-js handler that answers calls of the method with the handler. Never throws. */
export function unaryCall(method: Method, handler: Handler, options: UnaryCallOptions) {
  return async (call: ServerUnaryCall<Buffer, unknown>, callback: sendUnaryData<unknown>) => {
    const startedMs = performance.now();
    const requestId = requestIdOrNew(call.metadata);
    const limits = new CallLimits(effectiveDeadline(call.getDeadline()));
    call.on('cancelled', () => limits.cancel());
    sendRequestId(call, requestId);
    options.inFlight.add(limits);
    const answer = await answerCall(method, handler, { call, limits, requestId, options });
    options.inFlight.delete(limits);
    limits.release();
    if (answer.error === undefined) callback(null, answer.response);
    else callback(toServiceError(answer.error, requestId));
    record({ method, call, answer, requestId, startedMs, log: options.log });
  };
}

function sendRequestId(call: ServerUnaryCall<Buffer, unknown>, requestId: string): void {
  const metadata = new Metadata();
  metadata.set(requestIdKey, requestId);
  call.sendMetadata(metadata);
}

interface CallInHand {
  call: ServerUnaryCall<Buffer, unknown>;
  limits: CallLimits;
  requestId: string;
  options: UnaryCallOptions;
}

async function answerCall(method: Method, handler: Handler, inHand: CallInHand): Promise<Answer> {
  const { call, limits, requestId, options } = inHand;
  try {
    const userId = oneUserId(call.metadata.get(userIdKey));
    if (userId === undefined) throw new PurserError('USER_ID_REQUIRED');
    const request = decode(method, call.request);
    const violations = method.validate(request);
    if (violations.length > 0) throw new PurserError('INVALID_REQUEST', {}, { violations });
    limits.throwIfOver();
    let log: Logger | undefined;
    const context: CallContext = {
      userId,
      isStaff: isStaff(call.metadata),
      requestId,
      deadline: limits.deadline,
      signal: limits.signal,
      traceparent: oneTraceparent(call.metadata.get(traceparentKey)),
      // Made on demand: a child logger costs more than most calls log.
      get log() {
        return (log ??= options.log.child({ requestId }));
      },
    };
    const work = handler(request as never, context);
    work.catch((error) => logLateFailure(error, inHand));
    return { response: await limits.race(work) };
  } catch (error) {
    return { error: toPurserError(error, limits, options) };
  }
}

// The caller has its answer already, so nobody else will ever tell of this.
function logLateFailure(error: unknown, { limits, requestId, options }: CallInHand): void {
  const foreseen =
    error instanceof PurserError || (error instanceof Error && error.name === 'AbortError');
  if (!limits.signal.aborted || foreseen) return;
  options.log.warn({ requestId, error }, 'a handler failed after its call was over');
}

function decode(method: Method, bytes: Buffer): unknown {
  try {
    return method.definition.requestDeserialize(bytes);
  } catch (error) {
    throw new PurserError('MALFORMED_MESSAGE', {}, { cause: error });
  }
}

function toPurserError(error: unknown, limits: CallLimits, options: UnaryCallOptions): PurserError {
  if (error instanceof PurserError) return error;
  // Drivers that were given the signal throw errors of their own when it aborts.
  if (limits.signal.aborted) return limits.signal.reason as PurserError;
  const reason = options.isTransient(error) ? 'DEPENDENCY_UNAVAILABLE' : 'INTERNAL';
  return new PurserError(reason, {}, { cause: error });
}

interface Finished {
  method: Method;
  call: ServerUnaryCall<Buffer, unknown>;
  answer: Answer;
  requestId: string;
  startedMs: number;
  log: Logger;
}

function record({ method, call, answer, requestId, startedMs, log }: Finished): void {
  const durationMs = performance.now() - startedMs;
  const { error } = answer;
  const code = String(grpcStatus[error === undefined ? 0 : errorCatalogue[error.reason].code]);
  callsHandled.inc({ method: method.path, code });
  callDuration.observe({ method: method.path }, durationMs / 1000);
  const userId = oneUserId(call.metadata.get(userIdKey));
  const line = {
    method: method.path,
    code,
    reason: error?.reason,
    durationMs: Math.round(durationMs * 100) / 100,
    user: userId === undefined ? undefined : userHash(userId),
    requestId,
  };
  if (error === undefined) log.info(line, 'call');
  else if (error.reason === 'INTERNAL') log.error({ ...line, error: error.cause ?? error }, 'call');
  else if (errorCatalogue[error.reason].retryable && error.cause)
    log.warn({ ...line, error: error.cause }, 'call');
  else log.info(line, 'call');
}
