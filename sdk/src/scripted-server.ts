// For tests: an HTTP server that says what it is told to, and remembers what it was asked.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Purser } from './purser.ts';
import type { PurserOptions } from './purser.ts';

/** What to do with one request: answer, hang for ever, or break the connection. */
export type Step =
  | 'hang'
  | 'break'
  | { status?: number; json?: unknown; text?: string; headers?: Record<string, string> };

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** On the clock of `performance.now()`. */
  atMs: number;
}

export interface ScriptedServer {
  baseUrl: string;
  server: Server;
  asked: Asked[];
  /** Clients whose requests it hangs up on were heard to leave. */
  left: number;
  client(options?: Partial<PurserOptions>): Purser;
  stop(): Promise<void>;
}

export const order = {
  name: 'orders/1',
  userId: 'ann',
  state: 'PENDING',
  amount: { currencyCode: 'USD', amountMinor: '1250' },
  version: '1',
  etag: 'v1',
  createTime: '2026-01-31T12:00:00.000Z',
  updateTime: '2026-01-31T12:00:00.000Z',
  allowedActions: ['CANCEL'],
};

export function problem(status: number, reason: string, retryAfter?: string): Step {
  return {
    status,
    json: { type: `urn:purser:error:${reason}`, status, reason, detail: `It is ${reason}.` },
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    },
  };
}

/** Takes the steps one after the other, and the last one again and again; or asks a function. */
export async function scriptedServer(
  script: readonly Step[] | ((asked: Asked, index: number) => Step),
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  let left = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const index = asked.length;
    asked.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      atMs: performance.now(),
    });
    const step =
      typeof script === 'function'
        ? script(asked[index] as Asked, index)
        : (script[Math.min(index, script.length - 1)] as Step);
    if (step === 'break') return void request.socket.destroy();
    if (step === 'hang') return void response.on('close', () => (left += 1));
    const { status = 200, json = order, text = JSON.stringify(json), headers } = step;
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-request-id': `request-${index}`,
      ...headers,
    });
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    server,
    asked,
    get left() {
      return left;
    },
    client: (options = {}) => new Purser({ baseUrl, userId: 'ann', ...options }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
