// The metadata that Purser's services understand, and the rules of each. Nothing else of a caller's
// metadata is looked at or passed on.
import { randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { traceparentPattern } from '#lib/trace/trace-parent.ts';

export const userIdKey = 'x-user-id';
export const requestIdKey = 'x-request-id';
export const userRoleKey = 'x-user-role';
export const traceparentKey = 'traceparent';
export const authorizationKey = 'authorization';

const userIdPattern = /^[!-~]{1,128}$/;
const requestIdPattern = /^[A-Za-z0-9_-]{8,64}$/;
const bearerPattern = /^Bearer [!-~]{1,256}$/i;

/**
 * The one user id among the values of a header or metadata key: 1 to 128 visible ASCII characters.
 * Undefined when there is none, more than one, or one of another form. HTTP/2 joins repeated keys
 * with a comma and a space, and a user id has no space, so a repeated key never passes for one.
 */
export function oneUserId(values: readonly unknown[]): string | undefined {
  return onlyMatch(values, userIdPattern);
}

/**
 * Whether the caller has the role staff: exactly one role, `staff`. Until there is sign-in, whoever
 * reaches a service directly may claim it, unless connections are mutual TLS; the gateway passes no
 * role on.
 */
export function isStaff(metadata: Metadata): boolean {
  return onlyMatch(metadata.get(userRoleKey), /^staff$/) !== undefined;
}

/** The caller's request id when it is one that may stand in logs and replies, else a new one. */
export function requestIdOrNew(metadata: Metadata): string {
  return oneRequestId(metadata.get(requestIdKey)) ?? randomUUID();
}

/** The one valid request id among the values; undefined when there is none. */
export function oneRequestId(values: readonly unknown[]): string | undefined {
  return onlyMatch(values, requestIdPattern);
}

/**
 * The token of the one `Bearer <token>` among the values; undefined when there is none, or more
 * than one.
 */
export function oneBearerToken(values: readonly unknown[]): string | undefined {
  return onlyMatch(values, bearerPattern)?.slice('Bearer '.length);
}

/** The one valid W3C trace parent among the values; undefined when there is none. */
export function oneTraceparent(values: readonly unknown[]): string | undefined {
  return onlyMatch(values, traceparentPattern);
}

function onlyMatch(values: readonly unknown[], pattern: RegExp): string | undefined {
  const [value] = values;
  return values.length === 1 && typeof value === 'string' && pattern.test(value)
    ? value
    : undefined;
}
