import { decimalsOf, money } from '#sdk/src/money.ts';
import type { Money } from '#sdk/src/index.ts';

/** The most that one order or one top-up may be about, in minor units. */
export const amountMinorMax = 1_000_000_000_000n;

export type AmountReading =
  | { amount: Money; problem?: never }
  | { amount?: never; problem: 'required' | 'unreadable' | 'decimals' | 'outOfRange' };

/**
 * An amount as somebody typed it: with a point or a comma for the decimals, and spaces anywhere.
 * Nothing is guessed: “1,250” is no thousand, and with more decimals than the currency has it is
 * refused.
 */
export function readAmount(text: string, currencyCode: string, leastMinor = 1n): AmountReading {
  const compact = text.replaceAll(/\s/g, '').replace(',', '.');
  if (compact === '') return { problem: 'required' };
  const match = /^\d+(?:\.(\d+))?$/.exec(compact);
  if (match === null) return { problem: 'unreadable' };
  if ((match[1]?.length ?? 0) > decimalsOf(currencyCode)) return { problem: 'decimals' };
  // Beyond 64 bits the SDK would throw; so many digits are out of range anyway.
  if (compact.length > 18) return { problem: 'outOfRange' };
  const amount = money(currencyCode, compact);
  const inRange = amount.amountMinor >= leastMinor && amount.amountMinor <= amountMinorMax;
  return inRange ? { amount } : { problem: 'outOfRange' };
}
