export interface Keyed {
  userId: string;
  requestId: string | null;
}

/**
 * Keeps the first input of every idempotency key: the same key twice in one statement is an error
 * in PostgreSQL. `leaders[i]` is the index in `distinct` of the input that stands for `inputs[i]`.
 */
export function collapseKeys<Input extends Keyed>(
  inputs: readonly Input[],
): { distinct: Input[]; leaders: number[] } {
  const distinct: Input[] = [];
  const indexes = new Map<string, number>();
  const leaders = inputs.map((input) => {
    const key =
      input.requestId === null ? undefined : JSON.stringify([input.userId, input.requestId]);
    const known = key === undefined ? undefined : indexes.get(key);
    if (known !== undefined) return known;
    if (key !== undefined) indexes.set(key, distinct.length);
    return distinct.push(input) - 1;
  });
  return { distinct, leaders };
}
