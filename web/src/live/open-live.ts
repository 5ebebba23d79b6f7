import type { LiveSocket } from './live-connection.ts';

/**
 * Asks for a ticket that opens one socket: CreateLiveTicket. Undefined when the system has no live
 * stream; fails when nothing answers.
 */
export async function openTicket(userId: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await fetch('/v1/liveTickets', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user-id': userId },
    body: '{}',
    signal,
  });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`No ticket: ${answer.status}`);
  const { ticket } = (await answer.json()) as { ticket?: unknown };
  if (typeof ticket !== 'string') throw new Error('The answer has no ticket.');
  return ticket;
}

/** Opens the socket, on the port that the page came from. */
export function connectLive(ticket: string): LiveSocket {
  const url = new URL('/v1/live', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('ticket', ticket);
  return new WebSocket(url);
}
