/**
 * A regular expression for the decimal integers from `min` to `max` as our JSON writes them: no
 * plus sign, no leading zeros, no `-0`. It is how a schema bounds a number that is a string.
 */
export function decimalRange(min: bigint, max: bigint): string {
  const alternatives: string[] = [];
  if (min < 0n) {
    const magnitudes = positive(max < 0n ? -max : 1n, -min);
    alternatives.push(...magnitudes.map((it) => `-${it}`));
  }
  if (min <= 0n && max >= 0n) {
    alternatives.push('0');
  }
  if (max > 0n) {
    alternatives.push(...positive(min > 0n ? min : 1n, max));
  }
  return `^(?:${alternatives.join('|')})$`;
}

/** Alternatives for the numbers from `min` to `max`, both at least 1. */
function positive(min: bigint, max: bigint): string[] {
  const [low, high] = [String(min), String(max)];
  if (low.length === high.length) {
    return sameLength(low, high);
  }
  const lowIsWhole = /^10*$/.test(low);
  const highIsWhole = /^9+$/.test(high);
  const first = lowIsWhole ? low.length : low.length + 1;
  const last = highIsWhole ? high.length : high.length - 1;
  return [
    ...(lowIsWhole ? [] : sameLength(low, '9'.repeat(low.length))),
    ...(first <= last ? [`[1-9]${digits(first - 1, last - 1)}`] : []),
    ...(highIsWhole ? [] : sameLength(`1${'0'.repeat(high.length - 1)}`, high)),
  ];
}

/** Alternatives for the strings of digits from `low` to `high`, which have one length. */
function sameLength(low: string, high: string): string[] {
  if (low === high) {
    return [low];
  }
  const rest = low.length - 1;
  const [from, to] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (from === to) {
    return sameLength(lowRest, highRest).map((it) => `${from}${it}`);
  }
  const isWholeFrom = /^0*$/.test(lowRest);
  const isWholeTo = /^9*$/.test(highRest);
  const [first, last] = [isWholeFrom ? from : from + 1, isWholeTo ? to : to - 1];
  return [
    ...(isWholeFrom ? [] : sameLength(lowRest, '9'.repeat(rest)).map((it) => `${from}${it}`)),
    ...(first <= last ? [`${oneOf(first, last)}${digits(rest, rest)}`] : []),
    ...(isWholeTo ? [] : sameLength('0'.repeat(rest), highRest).map((it) => `${to}${it}`)),
  ];
}

function oneOf(from: number, to: number): string {
  return from === to ? String(from) : `[${from}-${to}]`;
}

function digits(fewest: number, most: number): string {
  if (most === 0) {
    return '';
  }
  return `[0-9]{${fewest === most ? fewest : `${fewest},${most}`}}`;
}
