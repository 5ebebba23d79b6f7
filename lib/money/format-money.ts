/**
 * Money for people, in English: `12.50 USD`, `-3 JPY`. The digits after the point are those that
 * ISO 4217 gives the currency, as Node's Intl lists them; 2 for a code that it does not know.
 */
export function formatMoney({
  currencyCode,
  amountMinor,
}: {
  currencyCode: string;
  amountMinor: bigint;
}): string {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currencyCode,
  }).resolvedOptions();
  const sign = amountMinor < 0n ? '-' : '';
  const text = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, '0');
  const point = text.length - digits;
  const fraction = digits > 0 ? `.${text.slice(point)}` : '';
  return `${sign}${text.slice(0, point)}${fraction} ${currencyCode}`;
}
