// Money is whole minor units in a bigint, never a float: 0.1 + 0.2 is not 0.3 in floats.

import type { Money } from '../../gen/sdk/types.ts';
import { currencyDecimals } from '../../lib/money/currency-decimals.ts';

/**
 * Number of decimals of a currency's amounts, 0 to 4. Throws RangeError when the code is not three
 * capital letters, or has no minor unit.
 */
export function decimalsOf(currencyCode: string): number {
  const digits = currencyDecimals(currencyCode);
  if (digits === undefined) {
    throw new RangeError(`${currencyCode} is no currency with a minor unit.`);
  }
  return digits;
}

/**
 * An amount from its decimal text: `money('JPY', '1250')`, `money('USD', '-0.5')`. Throws
 * RangeError for anything but digits with an optional minus and point, for more decimals than the
 * currency has (nothing is ever rounded), and beyond 64 bits.
 */
export function money(currencyCode: string, text: string): Money {
  const digits = decimalsOf(currencyCode);
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  const [, sign = '', whole = '', fraction = ''] = match ?? [];
  if (match === null || fraction.length > digits) {
    throw new RangeError(`“${text}” is no amount in ${currencyCode}: ${digits} decimals at most.`);
  }
  return checked(currencyCode, BigInt(`${sign}${whole}${fraction.padEnd(digits, '0')}`));
}

/** US dollars: `usd('12.50')`. Throws as {@link money} does. */
export function usd(text: string): Money {
  return money('USD', text);
}

/** Euros: `eur('12.50')`. Throws as {@link money} does. */
export function eur(text: string): Money {
  return money('EUR', text);
}

/** The decimal text of an amount with all decimals of its currency, '12.50': inverse of `money`. */
export function decimalText({ currencyCode, amountMinor }: Money): string {
  const digits = decimalsOf(currencyCode);
  const text = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, '0');
  const sign = amountMinor < 0n ? '-' : '';
  const whole = text.slice(0, text.length - digits);
  return `${sign}${whole}${digits === 0 ? '' : `.${text.slice(-digits)}`}`;
}

/**
 * The amount as people of a locale write it: `formatMoney(usd('1234.5'), 'de')` is '1.234,50 $'.
 * `options` are those of Intl.NumberFormat. Default locale: the system's.
 */
export function formatMoney(
  amount: Money,
  locale?: string | string[],
  options: Intl.NumberFormatOptions = {},
): string {
  const digits = decimalsOf(amount.currencyCode);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: amount.currencyCode,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    ...options,
  });
  // Intl takes decimal text as exactly as it stands (ECMA-402, 10th edition).
  return format.format(decimalText(amount) as unknown as number);
}

/** a + b. Throws RangeError when their currencies differ, or beyond 64 bits. */
export function addMoney(a: Money, b: Money): Money {
  return checked(commonCurrency(a, b), a.amountMinor + b.amountMinor);
}

/** a − b. Throws RangeError when their currencies differ, or beyond 64 bits. */
export function subtractMoney(a: Money, b: Money): Money {
  return checked(commonCurrency(a, b), a.amountMinor - b.amountMinor);
}

/**
 * Negative when a is less than b, positive when it is more, 0 when they are equal: for `sort`.
 * Throws RangeError when their currencies differ.
 */
export function compareMoney(a: Money, b: Money): -1 | 0 | 1 {
  commonCurrency(a, b);
  if (a.amountMinor === b.amountMinor) return 0;
  return a.amountMinor < b.amountMinor ? -1 : 1;
}

function commonCurrency(a: Money, b: Money): string {
  if (a.currencyCode === b.currencyCode) return a.currencyCode;
  throw new RangeError(`${a.currencyCode} and ${b.currencyCode} are different currencies.`);
}

function checked(currencyCode: string, amountMinor: bigint): Money {
  if (BigInt.asIntN(64, amountMinor) !== amountMinor) {
    throw new RangeError('The amount is larger than 64 bits.');
  }
  return { currencyCode, amountMinor };
}
