// The way of a WebSocket through the gateway: it looks at the request that asks for it, passes that
// on with headers of its own making, and from the answer on carries bytes both ways without a look.
// Not @fastify/http-proxy: that parses every frame twice, knows one upstream, and would need a
// route of its own beside the one that answers everything here.
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { Gauge } from 'prom-client';
import { PurserError } from '#lib/errors/purser-error.ts';
import { oneUserId } from '#lib/grpc/call-metadata.ts';
import { toProblem } from '#lib/http/problem.ts';
import { rawAnswer } from '#lib/http/raw-answer.ts';
import { userHash, type Logger } from '#lib/log/logger.ts';
import { serverMustBe } from '#lib/tls/peer-identity.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { countRequest } from './exchange.ts';
import { checkHost, headerValues, readTraceparent } from './read-headers.ts';
import { replyHeaders } from './reply-headers.ts';

export const livePath = '/v1/live';

export interface Address {
  host: string;
  port: number;
}

export interface LiveProxyOptions {
  /** Where WebSockets are answered; tried in turn, the next when one does not answer. */
  targets: readonly Address[];
  /** Without it the connections are plain. */
  tls?: TlsFolder | undefined;
  log: Logger;
  /** How long one of them may take to answer, 2,000 by default. */
  answerMs?: number;
}

const openSockets = new Gauge({
  name: 'purser_http_live_sockets',
  help: 'WebSockets that the gateway carries.',
});

/** What a WebSocket handshake is about; everything else of a caller's headers stays here. */
const passedOn = [
  'host',
  'origin',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
];
const passedBack = ['sec-websocket-accept', 'sec-websocket-protocol'];

/** Largest body of a refusal. */
const refusalBytesMax = 16 * 1024;

/** One caller's handshake and what becomes of it. */
interface Handshake {
  request: IncomingMessage;
  socket: Socket;
  head: Buffer;
  requestId: string;
  userId: string | undefined;
  startedMs: number;
}

type Answer =
  | { kind: 'open'; response: IncomingMessage; upstream: Socket; head: Buffer }
  | { kind: 'refused'; status: number; headers: Record<string, string>; body: string };

/** Whether Node is to hand the connection over; anything else is a request like any other. */
export function asksForLive(request: IncomingMessage): boolean {
  const path = request.url?.split('?', 1)[0];
  const upgrade = request.headers.upgrade?.toLowerCase();
  return request.method === 'GET' && path === livePath && upgrade === 'websocket';
}

export class LiveProxy {
  readonly #targets: readonly Address[];
  readonly #tls: TlsFolder | undefined;
  readonly #log: Logger;
  readonly #answerMs: number;
  readonly #sockets = new Set<Socket>();
  #next = Math.floor(Math.random() * 1_000);

  constructor({ targets, tls, log, answerMs = 2_000 }: LiveProxyOptions) {
    this.#targets = targets;
    this.#tls = tls;
    this.#log = log;
    this.#answerMs = answerMs;
  }

  /** Takes a connection over from Node's server, at its event `upgrade`. Never throws. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // Node has let go of the socket with all its limits and listeners.
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const requestId = randomUUID();
    const startedMs = performance.now();
    const handshake = { request, socket, head, requestId, startedMs, userId: undefined };
    void this.#shake(handshake);
  }

  /** Cuts all connections; their clients resume through another gateway. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #shake(handshake: Handshake): Promise<void> {
    try {
      handshake.userId = checkHandshake(handshake.request);
      const answer = await this.#ask(handshake);
      if (handshake.socket.destroyed) {
        if (answer.kind === 'open') answer.upstream.destroy();
      } else if (answer.kind === 'open') {
        this.#join(handshake, answer);
      } else {
        this.#refuse(handshake, answer);
      }
    } catch (error) {
      const known = error instanceof PurserError ? error : new PurserError('INTERNAL');
      if (known !== error) this.#log.error({ error }, 'a WebSocket could not be proxied');
      const path = handshake.request.url?.split('?', 1)[0] ?? '';
      const problem = toProblem(known, { id: handshake.requestId, path });
      this.#refuse(handshake, problem);
    }
  }

  /** Asks one target after the other, each once, until one says something. */
  async #ask(handshake: Handshake): Promise<Answer> {
    const first = this.#next++;
    for (let index = 0; index < this.#targets.length; index += 1) {
      const target = this.#targets[(first + index) % this.#targets.length]!;
      const answer = await this.#askOne(target, handshake).catch((error: unknown) => {
        this.#log.warn(
          { target, error, requestId: handshake.requestId },
          'no answer for a WebSocket',
        );
        return undefined;
      });
      // An instance that stops says so; the next one may not.
      const isLast = index === this.#targets.length - 1;
      const isAway = answer?.kind === 'refused' && answer.status === 503;
      if (answer && (!isAway || isLast)) return answer;
      if (handshake.socket.destroyed) break;
    }
    throw new PurserError('DEPENDENCY_UNAVAILABLE');
  }

  #askOne({ host, port }: Address, handshake: Handshake): Promise<Answer> {
    const { request, socket } = handshake;
    const query = request.url?.slice(livePath.length) ?? '';
    return new Promise((resolve, reject) => {
      const send = this.#tls === undefined ? httpRequest : httpsRequest;
      const outgoing = send({
        host,
        port,
        path: `${livePath}${query}`,
        headers: headersFor(handshake),
        agent: false,
        ...(this.#tls && tlsOptions(host, this.#tls)),
      });
      const leave = () => outgoing.destroy();
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${this.#answerMs} ms`)),
        this.#answerMs,
      );
      const settle = () => {
        clearTimeout(timer);
        socket.off('close', leave);
      };
      socket.once('close', leave);
      outgoing.on('error', (error) => {
        settle();
        reject(error);
      });
      outgoing.on('upgrade', (response, upstream, head) => {
        settle();
        resolve({ kind: 'open', response, upstream: upstream as Socket, head });
      });
      outgoing.on('response', (response) => {
        readRefusal(response).then(resolve, reject).finally(settle);
      });
      outgoing.end();
    });
  }

  #join(handshake: Handshake, { response, upstream, head }: Answer & { kind: 'open' }): void {
    const { socket, requestId } = handshake;
    upstream.setTimeout(0);
    upstream.setNoDelay(true);
    upstream.on('error', () => upstream.destroy());
    const headers = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      ...picked(response, passedBack),
      'x-request-id': requestId,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    if (head.length > 0) socket.write(head);
    if (handshake.head.length > 0) upstream.write(handshake.head);
    openSockets.inc();
    socket.pipe(upstream);
    upstream.pipe(socket);
    // What was on its way when one side closed still reaches the other.
    socket.once('close', () => upstream.destroySoon());
    upstream.once('close', () => socket.destroySoon());
    socket.once('close', () => {
      openSockets.dec();
      this.#record(handshake, 101);
    });
  }

  #refuse(
    handshake: Handshake,
    { status, headers, body }: { status: number; headers: Record<string, string>; body: string },
  ): void {
    const { socket, requestId } = handshake;
    this.#record(handshake, status);
    if (!socket.writable) return void socket.destroy();
    socket.end(rawAnswer(status, { ...replyHeaders(requestId), ...headers }, body));
    socket.destroySoon();
  }

  #record({ requestId, userId, startedMs }: Handshake, status: number): void {
    countRequest({ route: livePath, method: 'GET', status });
    const line = {
      method: 'GET',
      route: livePath,
      status,
      durationMs: Math.round((performance.now() - startedMs) * 100) / 100,
      user: userId === undefined ? undefined : userHash(userId),
      requestId,
    };
    this.#log.info(line, 'request');
  }
}

/** The header Host is the caller's; what counts is whom the gateway meant to reach. */
function tlsOptions(host: string, tls: TlsFolder): RequestOptions {
  return {
    ...tls.read(),
    servername: isIP(host) === 0 ? host : '',
    checkServerIdentity: (_name, certificate) => serverMustBe('notifications')(host, certificate),
  };
}

/** The user that the handshake names, if any; a ticket in its URL is none of our business. */
function checkHandshake(request: IncomingMessage): string | undefined {
  checkHost(request);
  const users = headerValues(request, 'x-user-id');
  const userId = oneUserId(users);
  if (users.length > 0 && userId === undefined) throw new PurserError('USER_ID_REQUIRED');
  return userId;
}

function headersFor({ request, requestId, userId }: Handshake): Record<string, string> {
  const traceparent = readTraceparent(request);
  return {
    ...picked(request, passedOn),
    connection: 'Upgrade',
    upgrade: 'websocket',
    'x-request-id': requestId,
    ...(userId !== undefined && { 'x-user-id': userId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Of a header that is repeated nothing is passed on: whoever needs it refuses. */
function picked(message: IncomingMessage, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const values = headerValues(message, name);
    return values.length === 1 ? [[name, values[0]!] as const] : [];
  });
  return Object.fromEntries(found);
}

async function readRefusal(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > refusalBytesMax) throw new Error('a refusal of a WebSocket is too large');
    parts.push(part);
  }
  const headers = picked(response, ['content-type', 'retry-after', 'upgrade']);
  return {
    kind: 'refused',
    status: response.statusCode ?? 502,
    headers,
    body: Buffer.concat(parts).toString(),
  };
}

/** For a request to the path that asks for no WebSocket. */
export function requireWebSocket(reply: FastifyReply): never {
  reply.header('upgrade', 'websocket');
  throw new PurserError('WEBSOCKET_REQUIRED');
}
