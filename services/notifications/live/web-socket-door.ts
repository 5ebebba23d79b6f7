import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { PurserError } from '#lib/errors/purser-error.ts';
import { toProblem } from '#lib/http/problem.ts';
import { rawAnswer } from '#lib/http/raw-answer.ts';
import { userHash } from '#lib/log/logger.ts';
import { isTransient } from '#lib/pg/failure.ts';
import type { Door } from '#lib/service/start-service.ts';
import { identityOf } from '#lib/tls/peer-identity.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import type { NotificationsDeps } from '../service.ts';
import { admitSocket, checkOrigin, requestIdOf } from './admit-socket.ts';
import { closedSockets } from './live-metrics.ts';
import { closeCodes, LiveSocket } from './live-socket.ts';
import { SocketPlaces } from './socket-places.ts';

export interface WebSocketDoorOptions {
  /** 0 lets the system choose. */
  port: number;
  /** Origins of pages that may open a WebSocket; `same-host` for the host of the request. */
  origins: readonly string[];
  /** Each with a default that suits production. */
  limits?: Partial<typeof limitsDefault>;
  /** Told the port in use. */
  onPort?: (port: number) => void;
}

export const limitsDefault = {
  /** Open WebSockets of a user, over all instances. */
  socketsPerUser: 5,
  /** Open WebSockets of all users on this instance. */
  sockets: 20_000,
  /** Time for the first frame to come. */
  subscribeMs: 5_000,
  /** Between pings; two that are not answered end the connection. */
  pingMs: 15_000,
  /** Bytes on their way to a client above which nothing more is sent to it. */
  bufferedBytes: 256 * 1024,
};

/** Largest frame that a client may send: a subscription is far below. */
const frameBytesMax = 4 * 1024;

/** How long clients get to say goodbye when the instance stops. */
const leaveMs = 1_000;

/**
 * Opens the port for WebSockets at /v1/live. Everything that refuses a client does so before the
 * upgrade, as a problem of HTTP; what comes later has a close code.
 */
export function webSocketDoor(options: WebSocketDoorOptions): Door<NotificationsDeps> {
  return async (deps, { host, tls }) => {
    const door = new WebSocketDoor(deps, options, tls);
    const port = await door.listen(host, options.port);
    deps.log.info({ host, port }, 'WebSocket server listens');
    options.onPort?.(port);
    return door;
  };
}

class WebSocketDoor {
  readonly #deps: NotificationsDeps;
  readonly #origins: readonly string[];
  readonly #limits: typeof limitsDefault;
  readonly #server: Server;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compression costs 300 KB for each socket, and the messages are small.
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
  });
  readonly #sockets = new Set<WebSocket>();
  readonly #places: SocketPlaces;
  readonly #isSecure: boolean;
  readonly #unwatch: (() => void) | undefined;
  #stopping = false;

  constructor(
    deps: NotificationsDeps,
    { origins, limits }: WebSocketDoorOptions,
    tls: TlsFolder | undefined,
  ) {
    this.#deps = deps;
    this.#origins = origins;
    this.#limits = { ...limitsDefault, ...limits };
    const { database, log } = deps;
    this.#places = new SocketPlaces({ database, log, max: this.#limits.socketsPerUser });
    const times = { headersTimeout: 5_000, requestTimeout: 5_000 };
    this.#isSecure = tls !== undefined;
    if (tls === undefined) {
      this.#server = createServer(times, refusePlain);
    } else {
      const mutual = { requestCert: true, rejectUnauthorized: true };
      const server = createTlsServer({ ...times, ...mutual, ...tls.read() }, refusePlain);
      this.#unwatch = tls.watch((material) => server.setSecureContext(material), deps.log);
      this.#server = server;
    }
    this.#server.on('upgrade', (request, socket, head) => {
      // Node hands the socket over without a listener of its own.
      socket.on('error', () => socket.destroy());
      void this.#upgrade(request, socket, head);
    });
  }

  async listen(host: string, port: number): Promise<number> {
    this.#places.start();
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Tells clients to go on elsewhere, and cuts off those that do not leave within a second. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unwatch?.();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.close(closeCodes.restart, 'resume elsewhere');
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.terminate();
    }, leaveMs);
    await closed;
    clearTimeout(late);
    await this.#places.stop();
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const requestId = requestIdOf(request);
    try {
      if (this.#stopping) throw new PurserError('DEPENDENCY_UNAVAILABLE');
      if (this.#isSecure) requireGateway(request.socket as TLSSocket);
      checkPath(request);
      checkOrigin(request, this.#origins);
      const userId = await admitSocket(request, this.#deps);
      if (this.#sockets.size >= this.#limits.sockets) throw new PurserError('OVERLOADED');
      await this.#places.take(userId);
      const accepted = this.#accept({ request, socket, head, userId, requestId });
      if (!accepted) this.#places.leave(userId);
    } catch (error) {
      this.#refuse(error, { request, socket, requestId });
    }
  }

  /** False when it is no handshake after all, or its client has left. */
  #accept(upgrade: Upgrade): boolean {
    const { request, socket, head, userId, requestId } = upgrade;
    const openedMs = performance.now();
    if (this.#stopping) throw new PurserError('DEPENDENCY_UNAVAILABLE');
    let accepted = false;
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      this.#sockets.add(webSocket);
      accepted = true;
      const live = new LiveSocket(webSocket, {
        userId,
        wire: socket,
        deps: this.#deps,
        limits: this.#limits,
      });
      webSocket.once('close', (code) => {
        this.#sockets.delete(webSocket);
        this.#places.leave(userId);
        closedSockets.inc({ code: code < 1016 || code === closeCodes.invalid ? code : 'other' });
        const durationMs = Math.round(performance.now() - openedMs);
        const { messages } = live;
        const line = { code, durationMs, messages, user: userHash(userId), requestId };
        this.#deps.log.info(line, 'live socket');
      });
    });
    return accepted;
  }

  #refuse(error: unknown, { request, socket, requestId }: Omit<Upgrade, 'head' | 'userId'>): void {
    const known = toPurserError(error);
    const { log } = this.#deps;
    if (known.cause) log.warn({ requestId, error: known.cause }, 'live socket refused');
    else log.info({ requestId, reason: known.reason }, 'live socket refused');
    const path = (request.url ?? '').split('?', 1)[0]!;
    const { status, headers, body } = toProblem(known, { id: requestId, path });
    socket.end(rawAnswer(status, { ...headers, 'x-request-id': requestId }, body));
  }
}

interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  userId: string;
  requestId: string;
}

/** Whoever else has a certificate must not name the user of a WebSocket. */
function requireGateway(socket: TLSSocket): void {
  const caller = identityOf(socket.getPeerCertificate());
  if (caller === 'gateway') return;
  throw new PurserError('CALLER_NOT_ALLOWED', { caller: caller ?? 'unknown' });
}

function checkPath({ url }: IncomingMessage): void {
  if (url?.split('?', 1)[0] !== '/v1/live') throw new PurserError('ROUTE_NOT_FOUND');
}

function refusePlain(request: IncomingMessage, response: ServerResponse): void {
  const requestId = requestIdOf(request);
  const path = (request.url ?? '').split('?', 1)[0]!;
  const reason = path === '/v1/live' ? 'WEBSOCKET_REQUIRED' : 'ROUTE_NOT_FOUND';
  const problem = toProblem(new PurserError(reason), { id: requestId, path });
  response.writeHead(problem.status, { ...problem.headers, connection: 'close' });
  response.end(problem.body);
}

function toPurserError(error: unknown): PurserError {
  if (error instanceof PurserError) return error;
  const reason = isTransient(error) ? 'DEPENDENCY_UNAVAILABLE' : 'INTERNAL';
  return new PurserError(reason, {}, { cause: error });
}
