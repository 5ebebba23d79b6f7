/** A set that is smaller waits for nobody: there is no crowd to wait for. */
const crowd = 4;

/**
 * For how many milliseconds to let items gather before the next set is taken. A set costs the same
 * few statements and commits whatever it holds, so under load fewer and larger sets do the same
 * work with less. The pause is a millisecond for each item of the last set and `mostMs` at most: it
 * grows with the rate of the items, and where they come one by one there is none.
 */
export function gatherMs(count: number, mostMs: number): number {
  return count < crowd ? 0 : Math.min(count, mostMs);
}
