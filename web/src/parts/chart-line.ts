import { decimalText } from '#sdk/src/money.ts';
import type { Entry, Money } from '#sdk/src/index.ts';

export interface ChartLine {
  /** Points of the picture, x to the right and y down, within `width` and `height`. */
  points: readonly (readonly [x: number, y: number])[];
  first: Money;
  last: Money;
  low: Money;
  high: Money;
  from: Date;
  until: Date;
}

/**
 * The balance as steps over time, from a statement that begins with the newest entry. Undefined for
 * fewer than two entries: one point is no line. Money becomes a float here, and only here, for
 * places on the screen.
 */
export function chartLine(
  entries: readonly Entry[],
  { width, height }: { width: number; height: number },
): ChartLine | undefined {
  const oldestFirst = entries.toReversed();
  const [start] = oldestFirst;
  const end = oldestFirst.at(-1);
  if (start === undefined || end === undefined || start === end) return undefined;
  const balances = oldestFirst.map(({ balanceAfter }) => balanceAfter);
  const low = balances.reduce((a, b) => (b.amountMinor < a.amountMinor ? b : a));
  const high = balances.reduce((a, b) => (b.amountMinor > a.amountMinor ? b : a));
  const spanMs = end.createTime.getTime() - start.createTime.getTime();
  const bottom = 0;
  const top = Number(decimalText(high)) || 1;
  const xOf = (time: Date, index: number) => {
    // Entries of one millisecond lie beside each other.
    const share =
      spanMs > 0
        ? (time.getTime() - start.createTime.getTime()) / spanMs
        : index / (oldestFirst.length - 1);
    return round(share * width);
  };
  const yOf = (balance: Money) =>
    round(height - ((Number(decimalText(balance)) - bottom) / (top - bottom)) * height);
  const points: [number, number][] = [];
  for (const [index, { createTime, balanceAfter }] of oldestFirst.entries()) {
    const x = xOf(createTime, index);
    const before = points.at(-1);
    // The balance holds until the next entry.
    if (before !== undefined) points.push([x, before[1]]);
    points.push([x, yOf(balanceAfter)]);
  }
  return {
    points,
    first: start.balanceAfter,
    last: end.balanceAfter,
    low,
    high,
    from: start.createTime,
    until: end.createTime,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
