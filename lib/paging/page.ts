import { createHash } from 'node:crypto';
import { PurserError } from '#lib/errors/purser-error.ts';

const pageSizeDefault = 50;
const pageSizeMax = 1_000;

/**
 * Size of the page to read: what was asked for, 50 for 0, at most 1,000 (AIP-158 coerces, it does
 * not refuse).
 */
export function pageSize(requested: number): number {
  return requested === 0 ? pageSizeDefault : Math.min(requested, pageSizeMax);
}

/**
 * A page token holds the key of the last row that the caller has seen, so that rows which arrive in
 * between shift nothing. `scope` is everything else that decides the list (method, user, filter): a
 * token is refused where the scope is another.
 */
export function writePageToken(lastKey: string, scope: readonly string[]): string {
  return Buffer.from(`${scopeMark(scope)}${lastKey}`, 'latin1').toString('base64url');
}

/**
 * The key in `token`, undefined for an empty token. Throws INVALID_REQUEST for one that is not ours
 * or of another scope.
 */
export function readPageToken(
  token: string,
  scope: readonly string[],
  isKey: (key: string) => boolean,
): string | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const mark = scopeMark(scope);
  const key = text.slice(mark.length);
  const genuine = Buffer.from(text, 'latin1').toString('base64url') === token;
  if (!genuine || !text.startsWith(mark) || !isKey(key)) {
    throw new PurserError(
      'INVALID_REQUEST',
      {},
      {
        violations: [
          {
            field: 'page_token',
            description: 'is not a token of this list; take next_page_token of the page before it',
          },
        ],
      },
    );
  }
  return key;
}

function scopeMark(scope: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(scope)).digest('latin1').slice(0, 9);
}

/**
 * Splits `rows`, read one beyond `size`, into the page and the key of its last row if there is
 * more.
 */
export function takePage<Row>(
  rows: Row[],
  size: number,
  keyOf: (row: Row) => string,
): { page: Row[]; lastKey: string | undefined } {
  const page = rows.slice(0, size);
  const last = rows.length > size ? page.at(-1) : undefined;
  return { page, lastKey: last && keyOf(last) };
}
