import type { ReasonMetadata, ServiceReason } from '../../gen/sdk/reasons.ts';

/** Why a call failed without a word of the service. */
export type ClientReason =
  /** Nothing answered, or the connection broke. The effect of a mutation is unknown. */
  | 'CONNECTION_FAILED'
  /** Something answered that is not Purser: a proxy, or another server at this address. */
  | 'UNEXPECTED_ANSWER';

/**
 * Why a call failed: a reason of the catalogue, or one that this side gives. `DEADLINE_EXCEEDED`
 * and `CANCELLED` come from both. A newer service may send reasons that are not listed here.
 */
export type Reason = ServiceReason | ClientReason | (string & {});

/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** JSON path of the field, 'amount.amountMinor', or the name of a parameter or header. */
  field: string;
  /** What is wrong: a sentence without its subject, such as 'must be a string'. */
  description: string;
}

export interface PurserErrorDetails {
  status?: number | undefined;
  requestId?: string | undefined;
  violations?: readonly FieldViolation[] | undefined;
  metadata?: Readonly<Record<string, string>> | undefined;
  retryAfterMs?: number | undefined;
  operation?: string | undefined;
  idempotencyKey?: string | undefined;
  attempt?: number | undefined;
  cause?: unknown;
}

/**
 * The one error that calls fail with. Its `reason` is for programs, its `message` for developers,
 * its `requestId` for whoever has to find the call in the logs.
 */
export class PurserError extends Error {
  override readonly name = 'PurserError';
  readonly reason: Reason;
  /** HTTP status of the answer; undefined when there was none, and over gRPC. */
  readonly status: number | undefined;
  /** The id by which the services' logs know the call. */
  readonly requestId: string | undefined;
  /** What is wrong with the request, for INVALID_REQUEST; else empty. */
  readonly violations: readonly FieldViolation[];
  /** What the reason says beside, by keys that the catalogue names; {@link is} has their types. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long the service asks to wait before the next try; undefined when it does not. */
  readonly retryAfterMs: number | undefined;
  /** Path of the RPC, '/purser.orders.v1.OrderService/CreateOrder'. */
  readonly operation: string | undefined;
  /**
   * The idempotency key that every try carried. Repeat the call with it when its effect is unknown.
   */
  readonly idempotencyKey: string | undefined;
  /** Which try it was that failed for good, from 1. */
  readonly attempt: number | undefined;

  constructor(reason: Reason, message: string, details: PurserErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.status = details.status;
    this.requestId = details.requestId;
    this.violations = details.violations ?? [];
    this.metadata = details.metadata ?? {};
    this.retryAfterMs = details.retryAfterMs;
    this.operation = details.operation;
    this.idempotencyKey = details.idempotencyKey;
    this.attempt = details.attempt;
  }

  /** Whether the error has the reason; then `metadata` has the keys that belong to it. */
  is<R extends keyof ReasonMetadata>(
    reason: R,
  ): this is PurserError & { reason: R; metadata: ReasonMetadata[R] } {
    return this.reason === reason;
  }
}

/** INVALID_REQUEST for something that this side can see is wrong; nothing was sent. */
export function invalid(field: string, description: string): PurserError {
  return new PurserError('INVALID_REQUEST', `The request is not valid: ${field} ${description}.`, {
    violations: [{ field, description }],
  });
}
