import { PurserError } from '#lib/errors/purser-error.ts';

/**
 * The parameters of a query string (without its question mark); one that is repeated has all its
 * values. Only the first `=` of a pair divides it, and `+` is a space, as in HTML forms.
 * Throws MALFORMED_HTTP when it is not percent-encoded UTF-8.
 */
export function parseQuery(text: string): Record<string, string | string[]> {
  // Without a prototype, so that a parameter named __proto__ is one like any other.
  const query: Record<string, string | string[]> = Object.create(null);
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new PurserError('MALFORMED_HTTP', { cause: 'the query is not percent-encoded UTF-8' });
  }
}
