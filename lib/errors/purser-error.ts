import { errorCatalogue } from '#gen/errors.ts';
import type { Reason } from '#gen/errors.ts';
import type { FieldViolation } from '#lib/contract/types.ts';

export type { Reason };

type Metadata = Readonly<Record<string, string>>;

/** The metadata that an error of the reason carries: every key of the catalogue. */
export type ErrorMetadata<R extends Reason> = Readonly<
  Record<(typeof errorCatalogue)[R]['metadata'][number], string>
>;

export interface PurserErrorOptions {
  /** What is wrong with the request, for INVALID_REQUEST. */
  violations?: readonly FieldViolation[] | undefined;
  /** How long a caller should wait before it tries again; only for a retryable reason. */
  retryDelayMs?: number | undefined;
  /** What led to it: for the log, never for the caller. */
  cause?: unknown;
}

/** Arguments after the reason: metadata must be there exactly when the catalogue has keys. */
type Rest<R extends Reason> = (typeof errorCatalogue)[R]['metadata'] extends readonly []
  ? [metadata?: Readonly<Record<string, never>>, options?: PurserErrorOptions]
  : [metadata: ErrorMetadata<R>, options?: PurserErrorOptions];

/** The wait that a retryable error asks for when whoever throws it knows no better. */
const retryDelayMsDefault = 1000;

/**
 * The one error that a use case throws: a reason of the catalogue
 * (proto/purser/errors/v1/error_reason.proto) with its metadata. `message` is the catalogue's
 * sentence with the metadata filled in, fit for a caller's eyes; `cause` is not.
 */
export class PurserError<R extends Reason = Reason> extends Error {
  override readonly name = 'PurserError';
  readonly reason: R;
  readonly metadata: Metadata;
  /** Set when the request itself is at fault. */
  readonly violations: readonly FieldViolation[] | undefined;
  /** Set for every retryable reason, and for no other. */
  readonly retryDelayMs: number | undefined;

  constructor(reason: R, ...rest: Rest<R>) {
    const metadata: Metadata = rest[0] ?? {};
    const { violations, retryDelayMs, cause } = rest[1] ?? {};
    const { message, retryable } = errorCatalogue[reason];
    super(fill(message, metadata), cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.metadata = metadata;
    this.violations = violations;
    this.retryDelayMs = retryable ? (retryDelayMs ?? retryDelayMsDefault) : undefined;
  }
}

/** Replaces every `{key}` by the metadata of that key, in one pass: a value is never a template. */
function fill(template: string, metadata: Metadata): string {
  return template.replace(/\{([a-z0-9_]+)\}/g, (placeholder: string, key: string) =>
    Object.hasOwn(metadata, key) ? (metadata[key] ?? placeholder) : placeholder,
  );
}
