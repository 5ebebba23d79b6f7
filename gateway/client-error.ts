// Requests that no route ever sees whole: Node's parser refuses them, or they do not arrive in
// time. Nobody but this file answers them.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { Exchange } from './exchange.ts';
import { rawAnswer } from '#lib/http/raw-answer.ts';
import { toProblem } from '#lib/http/problem.ts';
import { replyHeaders } from './reply-headers.ts';

/**
 * Answers with a problem and closes the connection, whose next bytes cannot be understood any more.
 * A connection whose answer has begun is only closed: a second answer would be taken for part of
 * the first.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  log: Logger,
): void {
  const exchange = Exchange.on(socket);
  if (exchange?.arrived && socket.writable) {
    // The fault is in what came after a good request (pipelining): that one is answered first.
    exchange.afterwards(() => answerClientError(error, socket, log));
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable || exchange?.answerBegun) {
    socket.destroy();
    return;
  }
  const { status, cause } = describe(error);
  const id = exchange?.id ?? randomUUID();
  const failure = new PurserError('MALFORMED_HTTP', { cause });
  const problem = toProblem(failure, { id, path: exchange?.path ?? '' }, status);
  socket.end(rawAnswer(status, { ...replyHeaders(id), ...problem.headers }, problem.body));
  // Reads nothing more, and lets go of a peer that never closes its side.
  socket.destroySoon();
  if (exchange !== undefined) exchange.endRaw(status, failure);
  else
    log.info({ route: 'unknown', status, reason: failure.reason, cause, requestId: id }, 'request');
}

function describe(error: Error & { code?: string }): { status: number; cause: string } {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, cause: 'it did not arrive in time' };
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, cause: 'its headers are larger than 16 KiB' };
    default:
      return { status: 400, cause: 'it does not follow the grammar of HTTP/1.1' };
  }
}
