import type { Purser } from '#sdk/src/purser.ts';
import { PurserError } from '#sdk/src/purser-error.ts';
import { liveUrl } from '#sdk/src/live-socket.ts';
import type { LiveSocket } from '#sdk/src/live-socket.ts';

/** A ticket that opens one socket; undefined when the system has no live stream. */
export async function openTicket(purser: Purser, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await purser.live.createTicket({ signal })).ticket;
  } catch (error) {
    if (error instanceof PurserError && error.is('ROUTE_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Opens the socket, on the port that the page came from. */
export function connectLive(ticket: string): LiveSocket {
  return new WebSocket(liveUrl(location.origin, ticket));
}
