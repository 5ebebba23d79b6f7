import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { PurserError } from '#lib/errors/purser-error.ts';
import { authorizationKey, oneBearerToken } from './call-metadata.ts';

/**
 * Throws OPERATOR_KEY_REQUIRED unless the metadata carries the operator's key, and only that one;
 * OPERATIONS_DISABLED where there is no such key. How long it takes tells nothing of the key.
 */
export function requireOperator(metadata: Metadata, operatorKey: string | undefined): void {
  if (operatorKey === undefined) throw new PurserError('OPERATIONS_DISABLED');
  const sent = oneBearerToken(metadata.get(authorizationKey));
  if (sent === undefined || !timingSafeEqual(digest(sent), digest(operatorKey))) {
    throw new PurserError('OPERATOR_KEY_REQUIRED');
  }
}

/** Of one length whatever the text, as a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
