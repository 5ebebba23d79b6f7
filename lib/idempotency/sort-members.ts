/**
 * The same JSON value with the members of every object in one order, so that two texts or two
 * protobuf maps that say the same have the same bytes: a Struct's members have no order on the
 * wire, and some clients shuffle them in every attempt.
 */
export function sortMembers<T>(value: T): T;
export function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sortMembers(member)]));
}
