import { type ServiceError, status } from '@grpc/grpc-js';
import {
  BadRequest,
  ErrorInfo,
  RequestInfo,
  RetryInfo,
} from '../../../gen/google/rpc/error_details.ts';
import { Status } from '../../../gen/google/rpc/status.ts';
import type { Route } from '../../../lib/contract/types.ts';
import type { Try } from '../operation.ts';
import { PurserError } from '../purser-error.ts';
import type { PurserErrorDetails, Reason } from '../purser-error.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The error of a failed call: the service's own words, or what the bare status code says. */
export function toError(
  error: ServiceError,
  route: Route,
  { operation, idempotencyKey, attempt }: Try,
  requestId: string | undefined,
): PurserError {
  const details: Mutable<PurserErrorDetails> = {
    operation: operation.rpc,
    idempotencyKey,
    attempt,
    requestId,
    cause: error,
  };
  const reason = readDetails(error, route, details);
  if (reason !== undefined) return new PurserError(reason, error.details, details);
  return new PurserError(reasonOfCode(error), error.message, details);
}

/** Reads the google.rpc.Status of the trailers; its reason, when it is one of Purser's. */
function readDetails(
  error: ServiceError,
  route: Route,
  details: Mutable<PurserErrorDetails>,
): Reason | undefined {
  // A call that never left the process has an error without metadata.
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (bytes === undefined || typeof bytes === 'string') return undefined;
  let reason: string | undefined;
  try {
    for (const { typeUrl, value } of Status.decode(bytes).details) {
      const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
      if (type === 'google.rpc.ErrorInfo') {
        const info = ErrorInfo.decode(value);
        if (info.domain === 'purser') reason = info.reason;
        details.metadata = info.metadata;
      } else if (type === 'google.rpc.BadRequest') {
        details.violations = BadRequest.decode(value).fieldViolations.map((violation) => ({
          field: route.jsonPath(violation.field),
          description: violation.description,
        }));
      } else if (type === 'google.rpc.RetryInfo') {
        const { seconds = 0n, nanos = 0 } = RetryInfo.decode(value).retryDelay ?? {};
        details.retryAfterMs = Number(seconds) * 1000 + nanos / 1_000_000;
      } else if (type === 'google.rpc.RequestInfo') {
        details.requestId = RequestInfo.decode(value).requestId;
      }
    }
  } catch {
    // Somebody between us and the service mangled the details; the code still tells something.
    return undefined;
  }
  return reason;
}

function reasonOfCode({ code, details }: ServiceError): Reason {
  if (code === status.UNAVAILABLE || isCutOff(details)) return 'CONNECTION_FAILED';
  if (code === status.DEADLINE_EXCEEDED) return 'DEADLINE_EXCEEDED';
  return code === status.CANCELLED ? 'CANCELLED' : 'UNEXPECTED_ANSWER';
}

/** grpc-js says INTERNAL or UNKNOWN when a server dies under the call and its stream is reset. */
function isCutOff(details: string): boolean {
  return /RST_STREAM|connection (was )?(lost|closed|reset)/i.test(details);
}
