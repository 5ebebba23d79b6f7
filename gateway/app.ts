// The way of a request through the gateway: headers, route, user id, body, RPC, answer. Every
// answer, also one to a request that makes no sense, carries a request id; every refusal is a
// problem of RFC 9457.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyBytesMax } from '#lib/contract/body-limit.ts';
import type { Route } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Readiness } from '#lib/process/readiness.ts';
import { answerClientError } from './client-error.ts';
import { sendDocument } from './documents.ts';
import { Exchange } from './exchange.ts';
import { Intake, type IntakeLimits } from './intake.ts';
import { asksForLive, type LiveProxy, requireWebSocket } from './live-proxy.ts';
import { forwardPage, isPagePath } from './pages.ts';
import type { PagesTarget } from './pages.ts';
import type { RateLimit } from './rate-limit.ts';
import { operationsOf } from './operations.ts';
import type { Operation } from './operations.ts';
import { toProblem } from '#lib/http/problem.ts';
import {
  checkBodyHeaders,
  checkHost,
  isEmpty,
  readTraceparent,
  readUserId,
} from './read-headers.ts';
import { replyHeaders } from './reply-headers.ts';
import { RouteTable } from './route-table.ts';
import { transcode } from './transcode.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';

export interface AppOptions {
  routes: readonly Route[];
  upstreams: Upstreams;
  readiness: Readiness;
  /** Where WebSockets go. */
  live: LiveProxy;
  log: Logger;
  /** Time for a request to arrive with all of its body. */
  arrivalMs: number;
  /**
   * Time from a request's headers to its answer; the services get what is left of it as their
   * deadline.
   */
  deadlineMs: number;
  /** How many requests are taken at a time. */
  intake: IntakeLimits;
  /** How many requests each user, and each address that names no user, may make; without limits. */
  rates?: Rates;
  /** Who answers for the paths that are not the gateway's own; without it nobody does. */
  pages?: PagesTarget | undefined;
}

export interface Rates {
  /** By user id. */
  user?: RateLimit | undefined;
  /** By the address at the other end of the socket, for requests that name no user. */
  address?: RateLimit | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange;
    /** Set when the headers were found to be good. */
    admitted: Admitted;
  }
}

interface Admitted {
  exchange: Exchange;
  operation: Operation;
  params: Record<string, string>;
  /** Says that the body is there. */
  arrived?: () => void;
}

/** The gateway as a Fastify instance that does not listen yet. */
export function createApp(options: AppOptions): FastifyInstance {
  const app = createFastify(options);
  const table = new RouteTable(operationsOf(options.routes, options.readiness));
  const intake = new Intake(options.intake);
  // Members of every request from the start: a WeakMap beside it is work for the collector. Hooks
  // and handlers call back rather than return promises: to one that resolves with a reply, Fastify
  // adds listeners for the end of its stream.
  app.decorateRequest('exchange');
  app.decorateRequest('admitted');
  app.addHook('onRequest', (request, reply, done) => {
    const exchange = begin(request, reply, options.log);
    const found = admit(table, exchange, request, reply, options);
    // The one request that needs no operation is OPTIONS; the header Allow is its answer.
    if (found === undefined) return void reply.code(204).send();
    if (!isEmpty(request.raw)) found.arrived = intake.enter('arriving', exchange);
    request.admitted = found;
    done();
  });
  const handle = (request: FastifyRequest, reply: FastifyReply): void => {
    const found = request.admitted;
    found.arrived?.();
    const { kind } = found.operation;
    if (kind === 'rpc' || kind === 'page') intake.enter('working', found.exchange);
    answer(found, request, reply, options).catch((error: unknown) => {
      reply.send(
        error instanceof Error ? error : new Error('no error was thrown', { cause: error }),
      );
    });
  };
  // Every method that Fastify's router knows, and through the not-found handler every one that it
  // does not.
  app.route({ method: app.supportedMethods, url: '*', handler: handle });
  app.setNotFoundHandler(handle);
  app.server.on('upgrade', (request, socket, head) =>
    options.live.take(request, socket as Socket, head),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply));
  return app;
}

function createFastify({ arrivalMs, log }: AppOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: arrivalMs,
    connectionTimeout: 30_000,
    // Longer than the idle time of common load balancers (60 s), so that they never write into a
    // closing one.
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: {
      headersTimeout: arrivalMs,
      // Node looks for requests that are late only this often; its default is 30 s.
      connectionsCheckingInterval: Math.min(1_000, arrivalMs / 4),
      // Checked by us, to refuse with a problem.
      requireHostHeader: false,
      // Clients that would like HTTP/2 ask for an upgrade as well, and are answered without one.
      shouldUpgradeCallback: asksForLive,
    },
    routerOptions: {
      // The query is read by us, strictly, and only for operations that exist.
      querystringParser: () => ({}),
    },
    frameworkErrors: (error, request, reply) => {
      begin(request, reply, log);
      return refuse(error, request, reply);
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket as Socket, log),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Node would answer an expectation that it does not know without any of our headers.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  );
  return app;
}

function begin(request: FastifyRequest, reply: FastifyReply, log: Logger): Exchange {
  const exchange = new Exchange({ id: request.id, request: request.raw, response: reply.raw, log });
  request.exchange = exchange;
  reply.headers(replyHeaders(exchange.id));
  return exchange;
}

/**
 * Decides from the headers alone whether the request may send its body. Undefined for OPTIONS on a
 * known path.
 */
function admit(
  table: RouteTable<Operation>,
  exchange: Exchange,
  request: FastifyRequest,
  reply: FastifyReply,
  { pages, rates = {} }: AppOptions,
): Admitted | undefined {
  checkHost(request.raw);
  const match = table.match(request.method, exchange.path);
  if (match.kind === 'unknown') {
    if (pages === undefined || !isPagePath(request.method, exchange.path)) {
      throw new PurserError('ROUTE_NOT_FOUND');
    }
    exchange.route = 'page';
    rates.address?.take(addressOf(request));
    checkBodyHeaders(request.raw, false);
    const operation: Operation = { kind: 'page', httpMethod: 'GET', path: '*', target: pages };
    return { exchange, operation, params: {} };
  }
  if (match.kind === 'wrong-method') {
    exchange.route = match.path;
    reply.header('allow', match.allow.join(', '));
    if (request.method === 'OPTIONS') return undefined;
    throw new PurserError('METHOD_NOT_ALLOWED', { method: request.method });
  }
  const { operation, params } = match;
  exchange.route = operation.path;
  if (operation.kind === 'rpc') {
    exchange.trace(readTraceparent(request.raw));
    const isForUsers = operation.route.method.access === 'user';
    if (isForUsers) exchange.userId = readUserId(request.raw);
  }
  if (exchange.userId !== undefined) rates.user?.take(exchange.userId);
  else if (operation.kind !== 'probe') rates.address?.take(addressOf(request));
  checkBodyHeaders(request.raw, operation.kind === 'rpc' && operation.route.hasBody);
  return { exchange, operation, params };
}

/** Of the socket, never of a header: whoever calls could write any into it. */
function addressOf(request: FastifyRequest): string {
  return request.raw.socket.remoteAddress ?? '';
}

async function answer(
  { exchange, operation, params }: Admitted,
  request: FastifyRequest,
  reply: FastifyReply,
  options: AppOptions,
): Promise<void> {
  if (operation.kind === 'probe') {
    const { status, body } = await operation.probe();
    sendJson(reply, status, JSON.stringify(body));
  } else if (operation.kind === 'document') {
    await sendDocument(operation.document, request, reply);
  } else if (operation.kind === 'live') {
    requireWebSocket(reply);
  } else if (operation.kind === 'page') {
    const page = await forwardPage(operation.target, request.raw, exchange);
    reply.code(page.status).headers(page.headers).send(page.body);
  } else {
    const { route } = operation;
    const body = request.body as Buffer | undefined;
    const incoming = { exchange, route, params, request: request.raw, body };
    const { body: text, headers } = await transcode(incoming, options);
    sendJson(reply.headers(headers), route.status, text);
  }
}

function sendJson(reply: FastifyReply, status: number, body: string): void {
  reply.code(status).type('application/json; charset=utf-8').send(body);
}

function refuse(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { exchange } = request;
  exchange.error = toPurserError(error);
  const problem = toProblem(exchange.error, exchange);
  // As bytes: to a string Fastify would add a charset, which the type of problems does not have.
  return reply.code(problem.status).headers(problem.headers).send(Buffer.from(problem.body));
}

/** Fastify's own refusals by their code; what nobody foresaw becomes INTERNAL. */
function toPurserError(error: Error & { code?: string; statusCode?: number }): PurserError {
  if (error instanceof PurserError) return error;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new PurserError('BODY_TOO_LARGE', { limit_bytes: String(bodyBytesMax) });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new PurserError('UNSUPPORTED_MEDIA_TYPE');
    case 'FST_ERR_BAD_URL':
      return new PurserError('MALFORMED_HTTP', { cause: 'the path is not percent-encoded UTF-8' });
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new PurserError(
      'MALFORMED_HTTP',
      { cause: 'the body did not arrive whole' },
      { cause: error },
    );
  }
  return new PurserError('INTERNAL', {}, { cause: error });
}
