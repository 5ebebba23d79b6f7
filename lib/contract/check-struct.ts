import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/** Deepest nesting of objects and arrays in a google.protobuf.Struct, itself included. */
export const structDepthMax = 16;

/**
 * Checks free JSON: at most `bytesMax` bytes as JSON in UTF-8, at most 16 levels, and nothing that
 * JSON or PostgreSQL's jsonb cannot hold: numbers that are not finite, NUL, lone surrogates, and
 * over gRPC a Value without a kind.
 */
export function checkStruct(
  value: Record<string, unknown>,
  bytesMax: number,
  path: string,
  violations: FieldViolation[],
): void {
  const wrong = whatIsWrong(value, 1);
  if (wrong !== undefined) {
    refuse(violations, path, wrong);
  } else if (Buffer.byteLength(JSON.stringify(value)) > bytesMax) {
    refuse(violations, path, `must have at most ${bytesMax} bytes as JSON`);
  }
}

function whatIsWrong(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return 'must not hold a value without a kind';
    case 'number':
      return Number.isFinite(value) ? undefined : 'must hold finite numbers only';
    case 'string':
      return whatIsWrongWithText(value);
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  if (depth > structDepthMax) {
    return `must not nest deeper than ${structDepthMax} levels`;
  }
  for (const [name, member] of Object.entries(value)) {
    const wrong = whatIsWrongWithText(name) ?? whatIsWrong(member, depth + 1);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  return undefined;
}

function whatIsWrongWithText(text: string): string | undefined {
  if (!text.isWellFormed()) {
    return 'must be well-formed Unicode';
  }
  return text.includes('\0') ? 'must not contain the character NUL' : undefined;
}
