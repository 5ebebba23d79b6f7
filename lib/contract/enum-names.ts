/** Names of a generated enum's values but the one that is never sent, `…_UNSPECIFIED`. */
export function enumNames(values: Readonly<Record<string, number>>): string[] {
  return Object.keys(values).filter((name) => (values[name] ?? 0) > 0);
}
