import type { OrderState } from './order-state.ts';

/** What `ListOrders` may be narrowed to. */
export interface OrderFilter {
  state?: OrderState;
}

/**
 * Reads a filter: empty, or `state=PAID` (a subset of AIP-160; blanks and double quotes around the
 * value are allowed). Returns what is wrong as a string.
 */
export function parseOrderFilter(text: string, states: readonly string[]): OrderFilter | string {
  if (text.trim() === '') return {};
  const match = /^\s*(?<field>[a-z_]+)\s*=\s*(?:"(?<quoted>[A-Z_]*)"|(?<bare>[A-Z_]*))\s*$/.exec(
    text,
  );
  if (!match) return 'must have the form state=PAID';
  const { field, quoted, bare } = match.groups ?? {};
  if (field !== 'state') return `cannot filter by ${field}; only by state`;
  const state = quoted ?? bare ?? '';
  if (!states.includes(state)) return `knows the states ${states.join(', ')}`;
  return { state: state as OrderState };
}
