/** Names of a generated enum's values but the one that is never sent, `…_UNSPECIFIED`. */
export function enumNames(values: Readonly<Record<string, number>>): string[] {
  return Object.keys(values).filter((name) => (values[name] ?? 0) > 0);
}

/** Name of a generated enum's value; UNRECOGNIZED for a number that a newer service may send. */
export function enumName(values: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(values).find((name) => values[name] === value) ?? 'UNRECOGNIZED';
}
