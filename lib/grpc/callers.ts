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

/**
 * Names by connection: reading a certificate takes 200 µs, as long as many a call. The connection
 * is reached through what grpc-js keeps to itself; where that is not there, every call reads it
 * again.
 */
const names = new WeakMap<object, { name: string | undefined }>();

function callerOf(call: AuthenticatedCall): string | undefined {
  const session = sessionOf(call);
  const known = session && names.get(session);
  if (known) return known.name;
  const certificate = call.getAuthContext().sslPeerCertificate;
  const name = certificate && identityOf(certificate);
  if (session) names.set(session, { name });
  return name;
}

interface Layer {
  call?: Layer;
  nextCall?: Layer;
  stream?: { session?: object };
}

/** Below the call lie one layer for each interceptor, and under them the stream of HTTP/2. */
function sessionOf(call: AuthenticatedCall): object | undefined {
  let layer = (call as Layer).call;
  while (layer?.nextCall !== undefined) layer = layer.nextCall;
  return layer?.stream?.session;
}

/** The name of the calling process; throws CALLER_NOT_ALLOWED unless it may call the method. */
export function requireCaller(callers: Callers, path: string, call: AuthenticatedCall): string {
  const name = callerOf(call);
  const allowed = name !== undefined && Object.hasOwn(callers, name) ? callers[name] : [];
  if (name === undefined || (allowed !== 'all' && !allowed?.includes(path))) {
    throw new PurserError('CALLER_NOT_ALLOWED', { caller: name ?? 'unknown' });
  }
  return name;
}
