// The way from the gateway to the store front. A page is public: of a request only what caching and
// compression need goes on, and nothing that says who is asking.
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Exchange } from './exchange.ts';

/** Where the store front listens. */
export interface PagesTarget {
  host: string;
  port: number;
}

export interface Page {
  status: number;
  headers: Record<string, string>;
  body: IncomingMessage;
}

/** The gateway's own, also where nothing is: a program has to get a problem there, and no page. */
const ownPath = /^\/(v\d+|docs|openapi|healthz|readyz|metrics)(?![a-z])/;

/** `sec-fetch-dest` tells Vite's development server a style sheet from a module. */
const headersSent = [
  'accept',
  'accept-encoding',
  'if-none-match',
  'sec-fetch-dest',
  'sec-fetch-mode',
];

const headersReturned = [
  'cache-control',
  'content-encoding',
  'content-length',
  'content-security-policy',
  'content-type',
  'etag',
  'permissions-policy',
  'referrer-policy',
  'vary',
];

/** Files come from the memory of a neighbour; in development Vite compiles them first. */
const timeoutMs = 10_000;

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Whether the store front answers for the path, provided that no operation does. */
export function isPagePath(method: string, path: string): boolean {
  return (method === 'GET' || method === 'HEAD') && path.startsWith('/') && !ownPath.test(path);
}

/**
 * Fetches the page, as far as its headers. Throws DEPENDENCY_UNAVAILABLE when the store front does
 * not answer.
 */
export function forwardPage(
  target: PagesTarget,
  incoming: IncomingMessage,
  exchange: Exchange,
): Promise<Page> {
  const path = exchange.query === '' ? exchange.path : `${exchange.path}?${exchange.query}`;
  const options = {
    ...target,
    agent,
    path,
    method: incoming.method ?? 'GET',
    headers: pick(incoming, headersSent),
    signal: exchange.gone,
  };
  return send(options);
}

function send(options: RequestOptions): Promise<Page> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(options, (body) => {
      resolve({ status: body.statusCode ?? 502, headers: pick(body, headersReturned), body });
    });
    // From now on, not from when a connection is free: those that wait for one give up as well.
    const late = () => outgoing.destroy(new Error(`no answer in ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    outgoing.once('response', () => clearTimeout(timer));
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('error', (cause) => {
      // The other side has closed a connection that was kept; on a new one it will answer.
      const again = outgoing.reusedSocket && (cause as { code?: string }).code === 'ECONNRESET';
      if (again) resolve(send(options));
      else reject(new PurserError('DEPENDENCY_UNAVAILABLE', {}, { cause }));
    });
    outgoing.end();
  });
}

function pick(message: IncomingMessage, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const value = message.headers[name];
    return value === undefined ? [] : [[name, String(value)]];
  });
  return Object.fromEntries(found) as Record<string, string>;
}
