import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/** Limits of a string field; `minLength` and `maxLength` count Unicode code points. */
export interface StringLimits {
  minLength?: number;
  maxLength?: number;
  pattern?: RegExp;
}

/** For a string that may hold anything. */
export const noLimits: StringLimits = {};

/**
 * Checks a string against its limits and for what no store of ours takes: the NUL character, which
 * PostgreSQL's text refuses, and lone surrogates, which UTF-8 cannot carry. The empty string means
 * "absent", to which no limit applies.
 */
export function checkString(
  value: string,
  limits: StringLimits,
  path: string,
  violations: FieldViolation[],
): void {
  if (value === '') {
    return;
  }
  if (!value.isWellFormed()) {
    refuse(violations, path, 'must be well-formed Unicode');
    return;
  }
  if (value.includes('\0')) {
    refuse(violations, path, 'must not contain the character NUL');
  }
  const { minLength, maxLength, pattern } = limits;
  if (minLength !== undefined && !isLongerThan(value, minLength - 1)) {
    refuse(violations, path, `must have at least ${minLength} characters`);
  }
  if (maxLength !== undefined && isLongerThan(value, maxLength)) {
    // A pattern never sees a string that is too long: its cost may grow faster than the length.
    refuse(violations, path, `must have at most ${maxLength} characters`);
    return;
  }
  if (pattern !== undefined && !pattern.test(value)) {
    // `source` escapes the slashes, as a literal must; the contract's own pattern does not.
    const source = pattern.source.replaceAll('\\/', '/');
    refuse(violations, path, `must match the pattern ${source}`);
  }
}

/** Whether the string has more code points than `count`; looks at `count + 1` of them at most. */
function isLongerThan(value: string, count: number): boolean {
  if (value.length <= count) {
    return false;
  }
  if (value.length > 2 * count) {
    return true;
  }
  const codePoints = value[Symbol.iterator]();
  for (let seen = 0; seen <= count; seen += 1) {
    if (codePoints.next().done) {
      return false;
    }
  }
  return true;
}
