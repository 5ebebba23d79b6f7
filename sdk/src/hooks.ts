import type { PurserError } from './purser-error.ts';

/** One try of a call. */
export interface RequestEvent {
  /** Path of the RPC, '/purser.orders.v1.OrderService/CreateOrder'. */
  operation: string;
  idempotencyKey: string | undefined;
  /** Counts the tries of a call, from 1. */
  attempt: number;
}

/** The end of a try. */
export interface ResponseEvent extends RequestEvent {
  durationMs: number;
  /** HTTP status; undefined without an answer, and over gRPC. */
  status: number | undefined;
  /** The id by which the services' logs know the try. */
  requestId: string | undefined;
  /** Undefined for a success. */
  error: PurserError | undefined;
}

/** A failed try that will be repeated. */
export interface RetryEvent extends RequestEvent {
  error: PurserError;
  /** The wait before the next try. */
  delayMs: number;
}

/** Told of what calls do, for logs and metrics. What a hook throws is dropped. */
export interface Hooks {
  onRequest?: ((event: RequestEvent) => void) | undefined;
  onResponse?: ((event: ResponseEvent) => void) | undefined;
  onRetry?: ((event: RetryEvent) => void) | undefined;
}

/** A hook only watches: its own mistakes must not decide about a payment. */
export function notify<E>(hook: ((event: E) => void) | undefined, event: E): void {
  try {
    hook?.(event);
  } catch {
    // Dropped, as promised.
  }
}
