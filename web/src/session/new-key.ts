/** A random idempotency key. */
export function newKey(): string {
  // Unlike randomUUID this is also there on pages that came over plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
