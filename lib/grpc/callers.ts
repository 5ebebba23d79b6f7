import type { PeerCertificate } from 'node:tls';
import { PurserError } from '#lib/errors/purser-error.ts';
import { identityOf } from '#lib/tls/peer-identity.ts';

/**
 * Which processes may call a service, by the names in their certificates, and each of them what:
 * everything, or the methods of these paths. Whoever may call is believed when it names the user it
 * calls for. What is not listed is refused.
 */
export type Callers = Readonly<Record<string, 'all' | readonly string[]>>;

/** Of a service that says nothing else. */
export const callersDefault: Callers = { gateway: 'all' };

/** The one caller whose word is taken for the role of a user. */
export const staffCaller = 'staff';

export interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: PeerCertificate | undefined };
}

/** The name of the calling process; throws CALLER_NOT_ALLOWED unless it may call the method. */
export function requireCaller(callers: Callers, path: string, call: AuthenticatedCall): string {
  const certificate = call.getAuthContext().sslPeerCertificate;
  const name = certificate && identityOf(certificate);
  const allowed = name !== undefined && Object.hasOwn(callers, name) ? callers[name] : [];
  if (name === undefined || (allowed !== 'all' && !allowed?.includes(path))) {
    throw new PurserError('CALLER_NOT_ALLOWED', { caller: name ?? 'unknown' });
  }
  return name;
}
