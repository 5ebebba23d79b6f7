import { createHash, randomBytes } from 'node:crypto';

/** 32 random bytes, in base64url. */
export function newTicket(): string {
  return randomBytes(32).toString('base64url');
}

export function isTicket(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

/** What is kept of a ticket. */
export function ticketHash(ticket: string): Buffer {
  return createHash('sha256').update(ticket).digest();
}
