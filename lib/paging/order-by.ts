import { PurserError } from '#lib/errors/purser-error.ts';

/** How a list is sorted. */
export type Direction = 'asc' | 'desc';

/**
 * Reads the `order_by` of a list that can be sorted by one field (AIP-132): empty for `desc`, or
 * the field's name with `asc`, which is what none means, or `desc` behind it. Throws
 * INVALID_REQUEST.
 */
export function parseOrderBy(text: string, field: string): Direction {
  const words = text.trim().split(/\s+/);
  if (words[0] === '') return 'desc';
  const [name, direction = 'asc', ...rest] = words;
  if (name !== field || rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
    const description = `must be ${field}, ${field} asc or ${field} desc`;
    const violations = [{ field: 'order_by', description }];
    throw new PurserError('INVALID_REQUEST', {}, { violations });
  }
  return direction;
}
