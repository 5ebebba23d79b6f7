/**
 * Where a reason is explained, for the member `type` of a problem: a reference that is resolved
 * against the request (RFC 9457, section 3.1.1), so that it leads to the gateway that answered.
 */
export function problemType(reason: string): string {
  return `/docs/errors#${reason.toLowerCase()}`;
}

/** ORDER_NOT_FOUND → Order not found */
export function problemTitle(reason: string): string {
  const words = reason.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
