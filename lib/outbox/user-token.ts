import { hash } from 'node:crypto';

/**
 * The last part of an event's subject: the first 32 hex digits of the SHA-256 of the user id. User
 * ids may hold characters that a subject must not (spaces, dots, wildcards), and this keeps them
 * out of the broker's logs; 128 bits make an accidental clash of two users irrelevant.
 */
export function userToken(userId: string): string {
  return hash('sha256', userId).slice(0, 32);
}
