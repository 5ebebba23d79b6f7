/** Currencies that the forms offer: some with two decimals, some with none, one with three. */
export const currencies = ['USD', 'EUR', 'GBP', 'RUB', 'JPY', 'KRW', 'KWD'] as const;
