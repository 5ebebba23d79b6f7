import type {
  CreateLiveTicketRequest,
  LiveTicket,
} from '#gen/purser/notifications/v1/live_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { newTicket, ticketHash } from '../domain/ticket.ts';
import type { NotificationsDeps } from '../service.ts';
import { insertTicket } from '../sql/tickets.ts';

/** How long a ticket opens a WebSocket. */
const validMs = 30_000;

export function createLiveTicket({
  database,
  clock,
}: NotificationsDeps): Handler<CreateLiveTicketRequest, LiveTicket> {
  return async (_request, { userId }) => {
    const ticket = newTicket();
    const expireTime = new Date(clock().getTime() + validMs);
    const row = { hash: ticketHash(ticket), userId, expireTime };
    await database.single((tx) => insertTicket(tx, row));
    return { ticket, expireTime };
  };
}
