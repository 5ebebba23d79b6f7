import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import type { Method } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { startSpan } from '#lib/trace/tracing.ts';
import {
  authorizationKey,
  requestIdKey,
  traceparentKey,
  userIdKey,
  userRoleKey,
} from './call-metadata.ts';
import { letGoOfFinishedCalls } from './finished-calls.ts';
import { logLibraryTo } from './library-log.ts';
import { Channel, type ChannelSettings } from './channel.ts';

export interface CallOptions {
  /** Undefined for a method that is not for users. */
  userId: string | undefined;
  requestId: string;
  /** When the answer must be there. Repeated attempts share it. */
  deadline: Date;
  /** Cancels the call, at the server too. */
  signal?: AbortSignal | undefined;
  traceparent?: string | undefined;
  /** `Bearer <key>`, for a method that is for operators. */
  authorization?: string | undefined;
  /** The caller's role. The gateway never sets it. */
  userRole?: string | undefined;
}

const attemptsMax = 3;
const retryDelayMs = 50;

/**
 * Calls the services of one target. Every failure is a PurserError of the catalogue.
 *
 * A call that no service answered is repeated up to twice when that is harmless: by the method's
 * nature, or because the request carries an idempotency key. So is one whose instance cannot reach
 * its own database or broker, where there are others. Any other error that a service gives is not
 * repeated here: it knows better, and a repeat would add load to what is overloaded.
 */
export class GrpcClient {
  #channel: Channel;

  constructor(options: ChannelSettings) {
    logLibraryTo(options.log);
    letGoOfFinishedCalls();
    this.#channel = new Channel(options);
  }

  async unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    options: CallOptions,
  ): Promise<Res> {
    const span = startSpan(method.path.slice(1), { kind: 'client', parent: options.traceparent });
    try {
      const { traceparent } = span;
      const response = await this.#attempts(method, request, { ...options, traceparent });
      span.end({ attributes: { 'rpc.system': 'grpc' } });
      return response;
    } catch (error) {
      span.end({ error, attributes: { 'rpc.system': 'grpc' } });
      throw error;
    }
  }

  /**
   * Resolves when an instance says that it is serving; throws PurserError when none does within the
   * time. Calls go round the instances, so that as many questions as there are addresses reach all.
   */
  async checkHealth(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const questions = Array.from({ length: this.#channel.addresses }, () =>
      this.#askHealth(deadline),
    );
    try {
      await Promise.any(questions);
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
  }

  close(): void {
    this.#channel.close();
  }

  async #attempts<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    options: CallOptions,
  ): Promise<Res> {
    const repeatable = method.idempotent || (method.keyed && hasKey(request));
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(method, request, options);
      } catch (error) {
        const last =
          !repeatable || attempt === attemptsMax || !this.#mayGoBetter(error as ServiceError);
        if (last || !(await delayWithin(options, attempt)))
          throw fromServiceError(error as ServiceError);
      }
    }
  }

  async #askHealth(deadline: number): Promise<void> {
    const serving = await new Promise<boolean>((resolve, reject) => {
      this.#channel.client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (bytes: Buffer) => bytes,
        isServing,
        Buffer.alloc(0),
        new Metadata(),
        { deadline },
        (error, value) =>
          error === null ? resolve(value === true) : reject(fromServiceError(error)),
      );
    });
    if (!serving) throw new PurserError('DEPENDENCY_UNAVAILABLE');
  }

  /**
   * Whether the next instance may do better: this one never answered, or it says that its own
   * database or broker does not.
   */
  #mayGoBetter(error: ServiceError): boolean {
    const answered = (error.metadata?.get('grpc-status-details-bin') ?? []).length > 0;
    const { reason } = fromServiceError(error);
    return reason === 'DEPENDENCY_UNAVAILABLE' && (!answered || this.#channel.addresses > 1);
  }

  #attempt<Req, Res>(method: Method<Req, Res>, request: Req, options: CallOptions): Promise<Res> {
    const { deadline, signal } = options;
    const { path, requestSerialize, responseDeserialize } = method.definition;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject({ code: grpcStatus.CANCELLED });
      const call = withoutStack(() =>
        this.#channel.client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadataOf(options),
          { deadline },
          (error, response) => {
            signal?.removeEventListener('abort', cancel);
            if (error === null) resolve(response as Res);
            else reject(error);
          },
        ),
      );
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }
}

/**
 * grpc-js makes an error for each call, for its stack, in case the call fails: no other function
 * costs a call more. What fails here becomes an error of ours, which has a stack.
 */
function withoutStack<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata();
  if (options.userId !== undefined) metadata.set(userIdKey, options.userId);
  metadata.set(requestIdKey, options.requestId);
  if (options.traceparent !== undefined) metadata.set(traceparentKey, options.traceparent);
  if (options.authorization !== undefined) metadata.set(authorizationKey, options.authorization);
  if (options.userRole !== undefined) metadata.set(userRoleKey, options.userRole);
  return metadata;
}

// The idempotency key of every request that has one is its field request_id (design of the
// contracts).
function hasKey(request: unknown): boolean {
  return Boolean((request as { requestId?: string }).requestId);
}

/**
 * Waits 25 to 50 ms before the second attempt, twice that before the third. False when no time is
 * left.
 */
async function delayWithin({ deadline, signal }: CallOptions, attempt: number): Promise<boolean> {
  const delayMs = retryDelayMs * attempt * (0.5 + Math.random() / 2);
  if (Date.now() + delayMs >= deadline.getTime()) return false;
  return sleep(delayMs, true, { signal }).catch(() => false);
}

// grpc.health.v1.HealthCheckResponse { status = 1 }; SERVING is 1. Decoded by hand to save every
// client the 11 MB of a general protobuf runtime.
function isServing(bytes: Buffer): boolean {
  return bytes.length === 2 && bytes[0] === 0x08 && bytes[1] === 0x01;
}
