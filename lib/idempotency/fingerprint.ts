import { hash } from 'node:crypto';

/**
 * What a request asks for, in 32 bytes (SHA-256 over the RPC's path and the encoded content). Two
 * requests under one idempotency key are the same request when their fingerprints are equal. The
 * content must leave the key itself out.
 */
export function fingerprint(methodPath: string, content: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${methodPath}\0`), content]), 'buffer');
}
