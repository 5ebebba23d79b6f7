type Form = (count: string) => string;

/** One form for each plural category that the language has; `other` for all that are not given. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, Form>> & { other: Form };

/** Makes functions that say a number of things as the language does: “21 заказ”, “22 заказа”. */
export function pluralOf(locale: string): (forms: Forms) => (count: number) => string {
  const rules = new Intl.PluralRules(locale);
  const format = new Intl.NumberFormat(locale);
  return (forms) => (count) => (forms[rules.select(count)] ?? forms.other)(format.format(count));
}
