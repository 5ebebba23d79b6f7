import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Histogram } from 'prom-client';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { userHash, type Logger } from '#lib/log/logger.ts';
import { traceIds } from '#lib/trace/trace-parent.ts';
import { enterTrace, nowMs, type Span } from '#lib/trace/tracing.ts';

const requestsHandled = new Counter({
  name: 'purser_http_requests_total',
  help: 'HTTP requests answered by the gateway, by route, method and status.',
  labelNames: ['route', 'method', 'status'] as const,
});

const requestDuration = new Histogram({
  name: 'purser_http_request_duration_seconds',
  help: 'Time from the arrival of an HTTP request to the end of its answer.',
  labelNames: ['route', 'method'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
});

/** Counts a request whose answer has no response object. */
export function countRequest(labels: { route: string; method: string; status: number }): void {
  requestsHandled.inc({ ...labels, status: String(labels.status) });
}

// Any text may stand for a method in a request; a metric must not grow a series for each.
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * Nginx's status for a caller who left before the answer. It is only logged; nobody is there to
 * read it.
 */
const callerGone = 499;

const current = new WeakMap<Socket, Exchange>();

/** One request and its answer, from the headers' arrival to the log line. */
export class Exchange {
  readonly id: string;
  /** The path without the query, as it was sent. */
  readonly path: string;
  /** The part after the question mark; empty without one. */
  readonly query: string;
  /** Path template for logs and metrics; raw paths hold ids and whatever strangers send. */
  route = 'unknown';
  userId: string | undefined;
  /** What went wrong, for the log. */
  error: PurserError | undefined;
  readonly arrivedMs = Date.now();
  #startedMs = performance.now();
  #gone = new AbortController();
  #request: IncomingMessage;
  #response: ServerResponse;
  #rawStatus: number | undefined;
  #span: Span | undefined;
  #afterwards: (() => void)[] = [];

  constructor(options: {
    id: string;
    request: IncomingMessage;
    response: ServerResponse;
    log: Logger;
  }) {
    const { id, request, response, log } = options;
    this.id = id;
    this.#request = request;
    this.#response = response;
    // In absolute form (for proxies) the target begins with scheme and authority.
    const target = (request.url ?? '').replace(/^https?:\/\/[^/?]*/i, '');
    const question = target.indexOf('?');
    this.path = question === -1 ? target : target.slice(0, question);
    this.query = question === -1 ? '' : target.slice(question + 1);
    current.set(request.socket, this);
    response.once('close', () => this.#end(log));
  }

  /** The exchange whose request arrived last on a connection that has not been answered yet. */
  static on(socket: Socket): Exchange | undefined {
    return current.get(socket);
  }

  /**
   * Begins the span of a request that asks for an RPC; `caller` is the trace parent that it came
   * with.
   */
  trace(caller: string | undefined): void {
    const startMs = nowMs() - (performance.now() - this.#startedMs);
    const options = { kind: 'server', parent: caller, startMs, believesParent: false } as const;
    this.#span = enterTrace(`${this.#request.method} ${this.route}`, options);
  }

  /** W3C trace parent of what the request causes; undefined outside of a trace. */
  get traceparent(): string | undefined {
    return this.#span?.traceparent;
  }

  /** Aborts when the caller leaves before the answer. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the request has arrived with all of its body. */
  get arrived(): boolean {
    return this.#request.complete;
  }

  /** Whether a part of the answer is on its way. */
  get answerBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Runs the work when the answer has left or the connection is lost. */
  afterwards(work: () => void): void {
    this.#afterwards.push(work);
  }

  /** Notes an answer that was written past the response object, straight to the socket. */
  endRaw(status: number, error: PurserError): void {
    this.#rawStatus = status;
    this.error = error;
  }

  #end(log: Logger): void {
    const request = this.#request;
    const response = this.#response;
    if (current.get(request.socket) === this) current.delete(request.socket);
    if (!response.writableFinished) this.#gone.abort();
    const status =
      this.#rawStatus ?? (response.writableFinished ? response.statusCode : callerGone);
    const method = knownMethods.has(request.method ?? '') ? (request.method as string) : 'other';
    const durationMs = performance.now() - this.#startedMs;
    requestsHandled.inc({ route: this.route, method, status: String(status) });
    requestDuration.observe({ route: this.route, method }, durationMs / 1000);
    const line = {
      method,
      route: this.route,
      status,
      reason: this.error?.reason,
      durationMs: Math.round(durationMs * 100) / 100,
      user: this.userId === undefined ? undefined : userHash(this.userId),
      requestId: this.id,
      ...traceIds(this.traceparent),
    };
    this.#span?.end({
      error: status < 500 ? undefined : (this.error ?? 'HTTP'),
      attributes: {
        'http.request.method': method,
        'http.route': this.route,
        'http.response.status_code': status,
        'purser.request_id': this.id,
      },
    });
    if (status < 500 || this.error === undefined) log.info(line, 'request');
    else if (this.error.reason === 'INTERNAL')
      log.error({ ...line, error: this.error.cause }, 'request');
    else log.warn({ ...line, error: this.error.cause }, 'request');
    for (const work of this.#afterwards) work();
  }
}
