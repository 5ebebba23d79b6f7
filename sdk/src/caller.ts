import { backoffMs, sleep, timerMsMax } from './backoff.ts';
import { notify } from './hooks.ts';
import type { Hooks } from './hooks.ts';
import type { Answer, Operation, Transport, Try } from './operation.ts';
import { invalid, PurserError } from './purser-error.ts';
import type { Reader } from './read-answer.ts';
import { checkHeader, writeRequest } from './write-request.ts';
import type { Request, WrittenRequest } from './write-request.ts';

/** What every call takes beside its request. Times are in milliseconds. */
export interface CallOptions {
  /** Ends the call, its waits included, with the reason CANCELLED. */
  signal?: AbortSignal | undefined;
  /** Time for the whole call with all its tries and waits, instead of the client's. */
  timeoutMs?: number | undefined;
  /** Time for one try, instead of the client's. */
  tryTimeoutMs?: number | undefined;
  /** Who is asking, instead of the client's user: 1 to 128 visible ASCII characters. */
  userId?: string | undefined;
}

export interface KeyedCallOptions extends CallOptions {
  /**
   * Idempotency key: 1 to 128 visible ASCII characters, unique per user and intent. A repeat with
   * the same content gets the first answer. Default: a random one for every call, the same for all
   * tries of it. Give your own to repeat a call after a crash of your program.
   */
  idempotencyKey?: string | undefined;
}

/** How calls are made where they do not say otherwise. */
export interface CallerOptions {
  /** Who is asking: 1 to 128 visible ASCII characters. */
  userId: string;
  /** Time for a call with all its tries and waits; default 30,000 ms. */
  timeoutMs?: number | undefined;
  /** Time for one try; default 12,000 ms, a little more than the gateway allows itself. */
  tryTimeoutMs?: number | undefined;
  /** Most tries of one call, the first included; default 10. 1 repeats nothing. */
  triesMax?: number | undefined;
  hooks?: Hooks | undefined;
}

/** HTTP statuses by which a proxy or the gateway says that it may go better later. */
const passingStatuses = [408, 429, 502, 503, 504];

const passingReasons = new Set<string>(['CONNECTION_FAILED', 'DEADLINE_EXCEEDED']);

/**
 * Makes calls over a transport, and repeats what failed for a passing cause as long as that is
 * harmless: operations that are idempotent by their contract, and those that carry an idempotency
 * key, which all tries share.
 */
export class Caller {
  readonly #transport: Transport;
  readonly #options: CallerOptions;

  /** Throws INVALID_REQUEST when the user id cannot be one. */
  constructor(transport: Transport, options: CallerOptions) {
    this.#transport = transport;
    this.#options = options;
    checkUserId(options.userId);
  }

  /** Who is asking, where a call does not say otherwise. */
  get userId(): string {
    return this.#options.userId;
  }

  /**
   * Fails with PurserError; where a value can be in no request, such as an invalid Date, with what
   * JavaScript says of it.
   */
  async unary<T>(operation: Operation, request: Request, read: Reader<T>): Promise<T> {
    const options = request as KeyedCallOptions;
    const written = writeRequest(operation, request);
    const idempotencyKey = operation.keyed
      ? (checkHeader('idempotencyKey', options.idempotencyKey) ?? newKey())
      : undefined;
    const userId = checkUserId(options.userId ?? this.#options.userId);
    const end = performance.now() + (options.timeoutMs ?? this.#options.timeoutMs ?? 30_000);
    const call = { operation, written, options, userId, idempotencyKey, end };
    for (let attempt = 1, cause: PurserError | undefined; ; attempt += 1) {
      try {
        return readAnswer(await this.#try(call, attempt, cause), read);
      } catch (error) {
        cause = error as PurserError;
        await this.#waitFor(call, attempt, cause);
      }
    }
  }

  async #try(call: Call, attempt: number, before: PurserError | undefined): Promise<Answer> {
    const { operation, options, idempotencyKey, end } = call;
    const { hooks, tryTimeoutMs = 12_000 } = this.#options;
    const timeoutMs = Math.min(options.tryTimeoutMs ?? tryTimeoutMs, end - performance.now());
    const details = { operation: operation.rpc, idempotencyKey, attempt };
    const stop = stopAfter(timeoutMs, options.signal, { ...details, cause: before });
    if (stop.signal.aborted) {
      stop.release();
      throw stop.signal.reason as PurserError;
    }
    const startedMs = performance.now();
    let answer: Answer | undefined;
    let failure: PurserError | undefined;
    try {
      notify(hooks?.onRequest, details);
      const { written, userId } = call;
      const { signal } = stop;
      const sent = { ...written, operation, userId, idempotencyKey, attempt, timeoutMs, signal };
      answer = await Promise.race([this.#transport.send(sent), stop.aborted]);
      return answer;
    } catch (error) {
      // A transport that was told to stop fails in its own words.
      failure = (stop.signal.aborted ? stop.signal.reason : error) as PurserError;
      throw failure;
    } finally {
      stop.release();
      const { status, requestId } = answer ?? failure ?? {};
      const durationMs = performance.now() - startedMs;
      notify(hooks?.onResponse, { ...details, durationMs, status, requestId, error: failure });
    }
  }

  /** Waits before the next try; throws the error when there is to be none. */
  async #waitFor(call: Call, attempt: number, error: PurserError): Promise<void> {
    const { operation, options, idempotencyKey, end } = call;
    const { hooks, triesMax = 10 } = this.#options;
    if (attempt >= triesMax || !mayRepeat(operation, error)) throw error;
    // Jitter on top: a service that is overloaded tells all of its callers the same.
    const delayMs = (error.retryAfterMs ?? 0) + backoffMs(attempt);
    if (performance.now() + delayMs >= end) throw error;
    notify(hooks?.onRetry, {
      operation: operation.rpc,
      idempotencyKey,
      attempt,
      delayMs,
      error,
    });
    const details = { operation: operation.rpc, idempotencyKey, attempt, cause: error };
    const stop = stopAfter(end - performance.now(), options.signal, details);
    try {
      await sleep(delayMs, stop.signal);
    } finally {
      stop.release();
    }
  }
}

interface Call {
  operation: Operation;
  written: WrittenRequest;
  options: KeyedCallOptions;
  userId: string;
  idempotencyKey: string | undefined;
  /** When the whole call is over, on the clock of `performance.now()`. */
  end: number;
}

function readAnswer<T>({ json, status, requestId }: Answer, read: Reader<T>): T {
  try {
    return read(json);
  } catch (cause) {
    const message = 'The answer has values that its contract does not know.';
    throw new PurserError('UNEXPECTED_ANSWER', message, { status, requestId, cause });
  }
}

/** Whether the same call may go better later. */
export function isPassing({ reason, status, retryAfterMs }: PurserError): boolean {
  const says = retryAfterMs !== undefined || passingReasons.has(reason);
  return says || (status !== undefined && passingStatuses.includes(status));
}

function mayRepeat({ idempotent, keyed }: Operation, error: PurserError): boolean {
  // By its contract nothing was done.
  if (error.reason === 'OVERLOADED' || error.reason === 'RATE_LIMITED') return true;
  return Boolean(idempotent || keyed) && isPassing(error);
}

function checkUserId(userId: string): string {
  const checked = checkHeader('userId', userId);
  if (checked === undefined) throw invalid('userId', 'must not be empty');
  return checked;
}

function newKey(): string {
  // Unlike randomUUID, this is also there on pages that came over plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Stop {
  /** Aborts with the error to fail with. */
  signal: AbortSignal;
  /** Rejects when the signal aborts; never resolves. */
  aborted: Promise<never>;
  release(): void;
}

type Details = Partial<Pick<Try, 'idempotencyKey' | 'attempt'>> & {
  operation: string;
  cause?: unknown;
};

/** Stops after the time, or with the caller's signal. */
function stopAfter(timeoutMs: number, outer: AbortSignal | undefined, details: Details): Stop {
  const controller = new AbortController();
  const late = () =>
    controller.abort(
      new PurserError('DEADLINE_EXCEEDED', 'There was no answer in the time allowed.', details),
    );
  const cancel = () =>
    controller.abort(
      new PurserError('CANCELLED', 'The caller cancelled the call.', {
        ...details,
        cause: outer?.reason,
      }),
    );
  const timer = setTimeout(late, Math.min(Math.max(0, timeoutMs), timerMsMax));
  if (outer?.aborted) cancel();
  else outer?.addEventListener('abort', cancel, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error));
  });
  aborted.catch(() => {});
  return {
    signal: controller.signal,
    aborted,
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', cancel);
    },
  };
}
