// What the gateway takes from a request's headers. Everything else in them stays here.
import type { IncomingMessage } from 'node:http';
import { PurserError } from '#lib/errors/purser-error.ts';
import { oneBearerToken, oneTraceparent, oneUserId } from '#lib/grpc/call-metadata.ts';

const contentTypePattern = /^application\/json[ \t]*(;[ \t]*charset=("?)utf-8\2[ \t]*)?$/i;

/**
 * All values of a header, in order. Node's `headers` joins or drops repeated ones, which would hide
 * that a request says two things.
 */
export function headerValues(request: IncomingMessage, name: string): string[] {
  const raw = request.rawHeaders;
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] as string;
    // Most headers differ in their length already; this runs for each header several times.
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    values.push(raw[index + 1] as string);
  }
  return values;
}

/**
 * Who is asking. Throws USER_ID_REQUIRED unless the header X-User-Id is there once and well-formed.
 */
export function readUserId(request: IncomingMessage): string {
  const userId = oneUserId(headerValues(request, 'x-user-id'));
  if (userId === undefined) throw new PurserError('USER_ID_REQUIRED');
  return userId;
}

/**
 * A header that becomes a field of the request, as it was sent; undefined when absent. Throws
 * INVALID_REQUEST, by the given name, when it is repeated.
 */
export function readOnce(
  request: IncomingMessage,
  name: 'Idempotency-Key' | 'If-Match',
): string | undefined {
  const values = headerValues(request, name.toLowerCase());
  if (values.length <= 1) return values[0];
  throw invalid(name, 'must not be repeated');
}

/** The header Authorization when there is exactly one and it holds a bearer token. */
export function readAuthorization(request: IncomingMessage): string | undefined {
  const token = oneBearerToken(headerValues(request, 'authorization'));
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** The caller's W3C trace parent when there is exactly one and it is valid. */
export function readTraceparent(request: IncomingMessage): string | undefined {
  return oneTraceparent(headerValues(request, 'traceparent'));
}

/** Throws MALFORMED_HTTP unless the request names exactly one host, as HTTP/1.1 demands. */
export function checkHost(request: IncomingMessage): void {
  const count = headerValues(request, 'host').length;
  if (count === 1 || (count === 0 && request.httpVersion === '1.0')) return;
  throw new PurserError('MALFORMED_HTTP', { cause: 'it must have the header Host once' });
}

/** Whether the headers say that there is no body. */
export function isEmpty({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}

/**
 * Throws before the body is read when it cannot be one that the operation takes: INVALID_REQUEST
 * for a body where none belongs, UNSUPPORTED_MEDIA_TYPE for anything but plain JSON in UTF-8.
 */
export function checkBodyHeaders(request: IncomingMessage, hasBody: boolean): void {
  if (isEmpty(request)) return;
  if (!hasBody) throw invalid('body', 'must be absent');
  const types = headerValues(request, 'content-type');
  const encodings = headerValues(request, 'content-encoding');
  const isJson = types.length === 1 && contentTypePattern.test(types[0] as string);
  if (!isJson || encodings.length > 0) throw new PurserError('UNSUPPORTED_MEDIA_TYPE');
}

function invalid(field: string, description: string): PurserError {
  return new PurserError('INVALID_REQUEST', {}, { violations: [{ field, description }] });
}
