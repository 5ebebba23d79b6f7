import { currencyDecimals } from './currency-decimals.ts';

/** Money for people, in English: `12.50 USD`, `-3 JPY`. Whole units of what has no minor unit. */
export function formatMoney({
  currencyCode,
  amountMinor,
}: {
  currencyCode: string;
  amountMinor: bigint;
}): string {
  const digits = currencyDecimals(currencyCode) ?? 0;
  const sign = amountMinor < 0n ? '-' : '';
  const text = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, '0');
  const point = text.length - digits;
  const fraction = digits > 0 ? `.${text.slice(point)}` : '';
  return `${sign}${text.slice(0, point)}${fraction} ${currencyCode}`;
}
