import type { FieldViolation } from './types.ts';

/** Most violations that one request is told of: a hostile body could make thousands. */
export const violationsMax = 100;

/** Notes that a field is wrong. */
export function refuse(violations: FieldViolation[], field: string, description: string): void {
  if (violations.length < violationsMax) {
    violations.push({ field, description });
  }
}
