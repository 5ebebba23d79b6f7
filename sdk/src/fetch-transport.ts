import type { Answer, Transport, Try } from './operation.ts';
import { PurserError } from './purser-error.ts';
import type { FieldViolation, PurserErrorDetails } from './purser-error.ts';

/** The part of `fetch` that the SDK uses. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
  },
) => Promise<FetchAnswer>;

/** The part of a `Response` that the SDK uses. */
export interface FetchAnswer {
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface FetchTransportOptions {
  /** Where the gateway is, 'https://shop.example/api'; '' for the origin of the page. */
  baseUrl: string;
  /** Headers of every request, for proxies on the way. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Instead of the global fetch. */
  fetch?: FetchLike | undefined;
}

/** Speaks REST with the gateway. */
export class FetchTransport implements Transport {
  readonly #options: FetchTransportOptions;
  /** The absolute URL that paths are put behind, without a slash at its end. */
  readonly base: string;

  /** Throws TypeError when no URL can begin with `baseUrl`. */
  constructor(options: FetchTransportOptions) {
    this.#options = options;
    // Resolved here: a fetch of what is no URL fails like one without a network.
    const { location } = globalThis as { location?: { href: string } };
    this.base = new URL(`${options.baseUrl}/`, location?.href).href.replace(/\/+$/, '');
  }

  async send(request: Try): Promise<Answer> {
    const { operation, body, signal } = request;
    const send = this.#options.fetch ?? fetch;
    let status: number;
    let headers: FetchAnswer['headers'];
    let text: string;
    try {
      const answer = await send(this.base + pathOf(request), {
        method: operation.method,
        headers: { ...this.#options.headers, ...headersOf(request) },
        ...(body !== undefined && { body }),
        signal,
      });
      ({ status, headers } = answer);
      text = await answer.text();
    } catch (cause) {
      const message = 'Nothing answered, or the connection broke.';
      throw new PurserError('CONNECTION_FAILED', message, { ...detailsOf(request), cause });
    }
    const json = parse(text);
    const requestId = headers.get('x-request-id') ?? undefined;
    if (status >= 200 && status < 300 && typeof json === 'object' && json !== null) {
      return { json, status, requestId };
    }
    const retryAfterMs = readRetryAfter(headers.get('retry-after'));
    throw toError(json, { ...detailsOf(request), status, requestId, retryAfterMs });
  }
}

function pathOf({ operation, params, query }: Try): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] as string),
  );
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function headersOf({ userId, body, idempotencyKey, ifMatch }: Try): Record<string, string> {
  return {
    'x-user-id': userId,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
  };
}

function detailsOf({ operation, idempotencyKey, attempt }: Try): PurserErrorDetails {
  return { operation: operation.rpc, idempotencyKey, attempt };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The members of a problem (RFC 9457) as Purser's gateway writes it. */
interface Problem {
  detail: string;
  reason: string;
  violations?: FieldViolation[];
  metadata?: Record<string, string>;
}

function toError(json: unknown, details: PurserErrorDetails): PurserError {
  const { reason, detail, violations, metadata } = (json ?? {}) as Partial<Problem>;
  if (typeof reason !== 'string') {
    const message = `The answer, of status ${details.status}, is not one of Purser's.`;
    return new PurserError('UNEXPECTED_ANSWER', message, details);
  }
  return new PurserError(reason, detail ?? reason, { ...details, violations, metadata });
}

/** Seconds, or the date of RFC 9110, in milliseconds from now; undefined for anything else. */
export function readRetryAfter(value: string | null, now = Date.now()): number | undefined {
  if (value === null || value.trim() === '') return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
