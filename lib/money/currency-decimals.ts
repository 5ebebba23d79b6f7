/**
 * Currencies by the number of their decimals, where it is not 2: ISO 4217, list one. Not from Intl:
 * engines take the decimals of daily life (none for HUF, IDR, IQD, PKR), which change with the
 * version of their data, while the minor unit of an account must not.
 */
const decimals: readonly (readonly [codes: string, digits: number])[] = [
  ['BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', 0],
  ['BHD IQD JOD KWD LYD OMR TND', 3],
  ['CLF UYW', 4],
];

/** Codes that ISO 4217 gives no minor unit: metals, funds, tests. */
const withoutMinorUnit = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX';

/**
 * Number of decimals of a currency's amounts, 0 to 4. Undefined when the code is not three capital
 * letters, or has no minor unit.
 */
export function currencyDecimals(currencyCode: string): number | undefined {
  if (!/^[A-Z]{3}$/.test(currencyCode) || withoutMinorUnit.includes(currencyCode)) return undefined;
  return decimals.find(([codes]) => codes.includes(currencyCode))?.[1] ?? 2;
}
