import { Metadata, status as grpcStatus } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import { errorCatalogue } from '#gen/errors.ts';
import type { Any } from '#gen/google/protobuf/any.ts';
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '#gen/google/rpc/error_details.ts';
import { Status } from '#gen/google/rpc/status.ts';
import type { FieldViolation } from '#lib/contract/types.ts';
import { PurserError } from './purser-error.ts';
import type { PurserErrorOptions, Reason } from './purser-error.ts';

/** `ErrorInfo.domain` of every error that Purser itself makes. */
export const errorDomain = 'purser';

/** Trailer of the google.rpc.Status, by the name that every implementation of gRPC gives it. */
const detailsKey = 'grpc-status-details-bin';

/**
 * Most characters of violations in a status. All trailers of a call share one HTTP/2 header list,
 * and clients built on gRPC's C core refuse one of more than 8 KiB; base64 adds a third.
 */
const violationCharactersMax = 4096;

const typeUrl = {
  errorInfo: 'type.googleapis.com/google.rpc.ErrorInfo',
  badRequest: 'type.googleapis.com/google.rpc.BadRequest',
  retryInfo: 'type.googleapis.com/google.rpc.RetryInfo',
  requestInfo: 'type.googleapis.com/google.rpc.RequestInfo',
} as const;

/** What a handler of grpc-js answers with when the call fails. */
export type GrpcFailure = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

/**
 * The error as google.rpc.Status: ErrorInfo always, the other details where there is something to
 * say.
 */
export function toStatus(error: PurserError, requestId?: string): Status {
  const { reason, metadata, violations, retryDelayMs } = error;
  const info = ErrorInfo.encode({ reason, domain: errorDomain, metadata: { ...metadata } });
  const details: Any[] = [{ typeUrl: typeUrl.errorInfo, value: info.finish() }];
  if (violations !== undefined && violations.length > 0) {
    const badRequest = BadRequest.encode({ fieldViolations: affordable(violations) });
    details.push({ typeUrl: typeUrl.badRequest, value: badRequest.finish() });
  }
  if (retryDelayMs !== undefined) {
    const seconds = BigInt(Math.trunc(retryDelayMs / 1000));
    const nanos = Math.round(retryDelayMs % 1000) * 1_000_000;
    const retryInfo = RetryInfo.encode({ retryDelay: { seconds, nanos } });
    details.push({ typeUrl: typeUrl.retryInfo, value: retryInfo.finish() });
  }
  if (requestId !== undefined) {
    const requestInfo = RequestInfo.encode({ requestId, servingData: '' });
    details.push({ typeUrl: typeUrl.requestInfo, value: requestInfo.finish() });
  }
  return { code: errorCatalogue[reason].code, message: error.message, details };
}

/**
 * The error that a status tells of; undefined when it is not one of Purser's, or its reason is
 * newer than this build. Throws when a detail cannot be decoded.
 */
export function fromStatus(status: Status, cause?: unknown): PurserError | undefined {
  let info: ErrorInfo | undefined;
  const options: PurserErrorOptions = { cause };
  for (const detail of status.details) {
    if (detail.typeUrl === typeUrl.errorInfo) {
      info = ErrorInfo.decode(detail.value);
    } else if (detail.typeUrl === typeUrl.badRequest) {
      options.violations = BadRequest.decode(detail.value).fieldViolations.map(
        ({ field, description }) => ({ field, description }),
      );
    } else if (detail.typeUrl === typeUrl.retryInfo) {
      const { seconds = 0n, nanos = 0 } = RetryInfo.decode(detail.value).retryDelay ?? {};
      options.retryDelayMs = Number(seconds) * 1000 + nanos / 1_000_000;
    }
  }
  if (info?.domain !== errorDomain || !Object.hasOwn(errorCatalogue, info.reason)) {
    return undefined;
  }
  // The type of a reason's metadata is known only where the error is made.
  const Received = PurserError as new (
    reason: Reason,
    metadata: Readonly<Record<string, string>>,
    options: PurserErrorOptions,
  ) => PurserError;
  return new Received(info.reason as Reason, info.metadata, options);
}

/**
 * What a gRPC handler answers with for anything that was thrown. Only a PurserError tells the
 * caller something; everything else is a bare INTERNAL, whose cause the caller of this function
 * logs.
 */
export function toServiceError(error: unknown, requestId?: string): GrpcFailure {
  const known = error instanceof PurserError ? error : new PurserError('INTERNAL');
  const status = toStatus(known, requestId);
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
}

/** The error behind a failed call: the service's own, or what its bare status code says. */
export function fromServiceError(error: Pick<StatusObject, 'code' | 'metadata'>): PurserError {
  return carriedError(error) ?? errorOfCode(error);
}

function carriedError(error: Pick<StatusObject, 'metadata'>): PurserError | undefined {
  // A call that never left the process has an error without metadata.
  const [bytes] = error.metadata?.get(detailsKey) ?? [];
  if (bytes === undefined || typeof bytes === 'string') {
    return undefined;
  }
  try {
    return fromStatus(Status.decode(bytes), error);
  } catch {
    // Somebody between us and the service mangled the details; the code still tells something.
    return undefined;
  }
}

function errorOfCode(error: Pick<StatusObject, 'code'> & { details?: string }): PurserError {
  switch (error.code) {
    case grpcStatus.CANCELLED:
      return new PurserError('CANCELLED', {}, { cause: error });
    case grpcStatus.DEADLINE_EXCEEDED:
      return new PurserError('DEADLINE_EXCEEDED', {}, { cause: error });
    case grpcStatus.UNAVAILABLE:
      return new PurserError('DEPENDENCY_UNAVAILABLE', {}, { cause: error });
    default:
      return new PurserError(
        isCutOff(error) ? 'DEPENDENCY_UNAVAILABLE' : 'INTERNAL',
        {},
        { cause: error },
      );
  }
}

/**
 * grpc-js says INTERNAL or UNKNOWN when the stream is reset because the server died under the call,
 * and RESOURCE_EXHAUSTED in these words when the server's HTTP/2 ends a connection of which too
 * many calls were given up at once: all the others go down with it.
 */
function isCutOff({ details }: { details?: string }): boolean {
  return /RST_STREAM|connection (was )?(lost|closed|reset)|bandwidth exhausted/i.test(
    details ?? '',
  );
}

/** As many violations as fit in a call's trailers, the last of which counts those that do not. */
function affordable(violations: readonly FieldViolation[]): BadRequest['fieldViolations'] {
  const told: FieldViolation[] = [];
  let left = violationCharactersMax;
  for (const { field, description } of violations) {
    left -= field.length + description.length;
    if (left < 0) {
      const untold = violations.length - told.length;
      told.push({ field: '', description: `and ${untold} more violations` });
      break;
    }
    told.push({ field, description });
  }
  return told.map((violation) => ({ ...violation, reason: '', localizedMessage: undefined }));
}
