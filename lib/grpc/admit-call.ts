// What unary calls and streams have in common: how a call is let in, what a handler knows of it,
// and what is told of it when it is over.
import { Metadata, status as grpcStatus } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/grpc-js';
import { errorCatalogue } from '#gen/errors.ts';
import type { Method, Stream } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { userHash, type Logger } from '#lib/log/logger.ts';
import type { Bag } from '#lib/memory/bag.ts';
import { traceIds } from '#lib/trace/trace-parent.ts';
import type { CallLimits } from './call-limits.ts';
import { type AuthenticatedCall, type Callers, requireCaller, staffCaller } from './callers.ts';
import { isStaff, oneUserId, requestIdKey, userIdKey } from './call-metadata.ts';
import { requireOperator } from './require-operator.ts';
import { callDuration, callsHandled } from './server-metrics.ts';

/** What a handler knows of any call beside its request. */
export interface AnyCallContext {
  /**
   * Who is asking: 1 to 128 visible ASCII characters; empty in calls that name no user, those of
   * operators and of our own processes.
   */
  userId: string;
  /** Whether the caller has the role staff. */
  isStaff: boolean;
  /** Finds the call in the logs of every process that it passed through. */
  requestId: string;
  /**
   * Aborts when the call is over, at its deadline or because the caller goes, with the PurserError
   * that the caller would get.
   */
  signal: AbortSignal;
  /** Writes lines that carry the request id and the trace. */
  log: Logger;
  /** W3C trace parent for what the call causes; undefined outside of a trace. */
  traceparent: string | undefined;
}

/** What stands in the way of writes takes longer to pass than a crowd of calls. */
const retryDelayMs = 5_000;

export interface CallOptions {
  log: Logger;
  /** Who may call what; undefined where connections are plain, and anybody may. */
  callers: Callers | undefined;
  /** Whether an error means that a dependency does not answer right now: DEPENDENCY_UNAVAILABLE. */
  isTransient(error: unknown): boolean;
  /** Whether calls that may write are refused for now. */
  refusesWrites(): boolean;
  /** What lets operators in; undefined lets in nobody. */
  operatorKey?: string | undefined;
  /** Every call is in here until it is answered. */
  inFlight: Bag<CallLimits>;
}

/** A call of either kind, with what the kit has made for it. */
export interface CallInHand {
  call: AuthenticatedCall & {
    request: Buffer;
    metadata: Metadata;
    sendMetadata(metadata: Metadata): void;
  };
  limits: CallLimits;
  requestId: string;
  /** W3C trace parent of the work for this call, or the caller's. */
  traceparent: string | undefined;
  options: CallOptions;
}

/**
 * The definition to register with grpc-js. The message stays bytes until the kit decodes it:
 * grpc-js would answer malformed bytes with INTERNAL, which blames us for the caller's fault.
 */
export function undecoded(method: Method | Stream): MethodDefinition<Buffer, unknown> {
  return { ...method.definition, requestDeserialize: (bytes: Buffer) => bytes };
}

export function sendRequestId({ call, requestId }: CallInHand): void {
  const metadata = new Metadata();
  metadata.set(requestIdKey, requestId);
  call.sendMetadata(metadata);
}

/** The request and what goes with it. Throws what the caller is to be told. */
export function admitCall(
  method: Method | Stream,
  { call, limits, requestId, traceparent, options }: CallInHand,
): { request: unknown; context: AnyCallContext } {
  const { callers } = options;
  const caller = callers && requireCaller(callers, method.path, call);
  const userId = identify(method, call.metadata, options);
  const request = decode(method, call.request);
  const violations = method.validate(request);
  if (violations.length > 0) throw new PurserError('INVALID_REQUEST', {}, { violations });
  const mayWrite = 'readOnly' in method && !method.readOnly;
  if (mayWrite && options.refusesWrites()) {
    throw new PurserError('OVERLOADED', {}, { retryDelayMs });
  }
  limits.throwIfOver();
  let log: Logger | undefined;
  const context: AnyCallContext = {
    userId,
    isStaff: (caller === undefined || caller === staffCaller) && isStaff(call.metadata),
    requestId,
    signal: limits.signal,
    traceparent,
    // Made on demand: a child logger costs more than most calls log.
    get log() {
      return (log ??= options.log.child({ requestId, ...traceIds(traceparent) }));
    },
  };
  return { request, context };
}

/** Lets in whom the contract allows to call; gives the user's id, empty where there is none. */
function identify(
  { access }: Method | Stream,
  metadata: Metadata,
  { operatorKey }: CallOptions,
): string {
  if (access === 'internal') return '';
  if (access === 'operator') {
    requireOperator(metadata, operatorKey);
    return '';
  }
  const userId = oneUserId(metadata.get(userIdKey));
  if (userId === undefined) throw new PurserError('USER_ID_REQUIRED');
  return userId;
}

function decode(method: Method | Stream, bytes: Buffer): unknown {
  try {
    return method.definition.requestDeserialize(bytes);
  } catch (error) {
    throw new PurserError('MALFORMED_MESSAGE', {}, { cause: error });
  }
}

/** What the caller is told of anything that a handler threw. */
export function toPurserError(error: unknown, { limits, options }: CallInHand): PurserError {
  if (error instanceof PurserError) return error;
  // Drivers that were given the signal throw errors of their own when it aborts.
  if (limits.signal.aborted) return limits.signal.reason as PurserError;
  const reason = options.isTransient(error) ? 'DEPENDENCY_UNAVAILABLE' : 'INTERNAL';
  return new PurserError(reason, {}, { cause: error });
}

export interface Finished {
  path: string;
  error: PurserError | undefined;
  startedMs: number;
  /** Messages that a stream has sent. */
  messages?: number;
}

/** One log line and one measurement of a call that is over. */
export function recordCall(
  { call, requestId, traceparent, options: { log } }: CallInHand,
  { path, error, startedMs, messages }: Finished,
): void {
  const durationMs = performance.now() - startedMs;
  const code = String(grpcStatus[error === undefined ? 0 : errorCatalogue[error.reason].code]);
  callsHandled.inc({ method: path, code });
  if (messages === undefined) callDuration.observe({ method: path }, durationMs / 1000);
  const userId = oneUserId(call.metadata.get(userIdKey));
  const line = {
    method: path,
    code,
    reason: error?.reason,
    durationMs: Math.round(durationMs * 100) / 100,
    messages,
    user: userId === undefined ? undefined : userHash(userId),
    requestId,
    ...traceIds(traceparent),
  };
  if (error === undefined) log.info(line, 'call');
  else if (error.reason === 'INTERNAL') log.error({ ...line, error: error.cause ?? error }, 'call');
  else if (errorCatalogue[error.reason].retryable && error.cause)
    log.warn({ ...line, error: error.cause }, 'call');
  else log.info(line, 'call');
}
