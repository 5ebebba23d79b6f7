// Who may open a WebSocket.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PurserError } from '#lib/errors/purser-error.ts';
import { oneRequestId, oneUserId } from '#lib/grpc/call-metadata.ts';
import { isTicket, ticketHash } from '../domain/ticket.ts';
import type { NotificationsDeps } from '../service.ts';
import { takeTicket } from '../sql/tickets.ts';

export function requestIdOf(request: IncomingMessage): string {
  return oneRequestId(valuesOf(request, 'x-request-id')) ?? randomUUID();
}

/**
 * Who opens the socket: the user of the ticket in the URL, else the one that the header X-User-Id
 * names, which a page in a browser cannot send. Uses the ticket up.
 */
export async function admitSocket(
  request: IncomingMessage,
  { database, clock }: NotificationsDeps,
): Promise<string> {
  const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  const tickets = query.getAll('ticket');
  if (tickets.length === 0) {
    const userId = oneUserId(valuesOf(request, 'x-user-id'));
    if (userId === undefined) throw new PurserError('USER_ID_REQUIRED');
    return userId;
  }
  const [ticket] = tickets;
  if (tickets.length > 1 || !isTicket(ticket!)) throw new PurserError('LIVE_TICKET_INVALID');
  const taken = await database.single((tx) => takeTicket(tx, ticketHash(ticket!)));
  if (!taken || taken.expireTime <= clock()) throw new PurserError('LIVE_TICKET_INVALID');
  return taken.userId;
}

/**
 * Throws ORIGIN_NOT_ALLOWED for a page of a site that is not allowed. Browsers send the header with
 * every WebSocket and ask nobody before they do; programs send none.
 */
export function checkOrigin(request: IncomingMessage, allowed: readonly string[]): void {
  const origins = valuesOf(request, 'origin');
  if (origins.length === 0) return;
  const [origin = ''] = origins;
  const sameHost = allowed.includes('same-host') && isSameHost(origin, request.headers.host);
  if (origins.length === 1 && (allowed.includes(origin) || sameHost)) return;
  throw new PurserError('ORIGIN_NOT_ALLOWED', { origin: origin.slice(0, 200) });
}

/** Another port of the same machine is as good, so that a page under development can connect. */
function isSameHost(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  const here = URL.parse(`http://${host}`);
  if (!page || !here) return false;
  return page.host === here.host || (isLoopback(page.hostname) && isLoopback(here.hostname));
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** All values of a header: Node's `headers` joins or drops repeated ones. */
function valuesOf(request: IncomingMessage, name: string): string[] {
  return request.headersDistinct[name] ?? [];
}
