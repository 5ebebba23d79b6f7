import { headerFields } from './header-fields.ts';
import { bodyPath } from './json-path.ts';
import { readBool, readInt32, readUint32 } from './read-json.ts';
import type { Reader } from './read-json.ts';
import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/** One segment of the path that belongs to a resource name. */
export function readSegment(
  value: string | undefined,
  name: string,
  violations: FieldViolation[],
): string {
  if (value === undefined || value === '') {
    refuse(violations, name, 'must not be empty');
    return '';
  }
  // A decoded %2F would reach into the next segment of the name.
  if (value.includes('/')) {
    refuse(violations, name, 'must not contain a slash');
    return '';
  }
  if (!value.isWellFormed()) {
    refuse(violations, name, 'must be well-formed Unicode');
    return '';
  }
  return value;
}

/** The header Idempotency-Key: absent is fine, empty is a mistake. */
export function readIdempotencyKey(
  value: string | undefined,
  violations: FieldViolation[],
): string {
  if (value === '') {
    refuse(violations, headerFields.request_id, 'must not be empty');
  }
  return value ?? '';
}

/** A query parameter that may be there once. */
export function readParameter<T>(
  value: string | string[],
  name: string,
  violations: FieldViolation[],
  read: Reader<T>,
): T {
  if (typeof value !== 'string') {
    refuse(violations, name, 'must not be repeated');
    return read(value[0], name, []);
  }
  return read(value, name, violations);
}

/** A query parameter of a repeated field: once for every element. */
export function readParameters<T>(
  value: string | string[],
  name: string,
  violations: FieldViolation[],
  read: Reader<T>,
): T[] {
  const values = typeof value === 'string' ? [value] : value;
  return values.map((element, index) => read(element, `${name}[${index}]`, violations));
}

export function readBoolText(value: unknown, path: string, violations: FieldViolation[]): boolean {
  return readBool(value === 'true' ? true : value === 'false' ? false : value, path, violations);
}

export function readInt32Text(value: unknown, path: string, violations: FieldViolation[]): number {
  return readInt32(fromDecimal(value), path, violations);
}

export function readUint32Text(value: unknown, path: string, violations: FieldViolation[]): number {
  return readUint32(fromDecimal(value), path, violations);
}

/** The number that plain decimal digits say; anything else stays the text that no integer is. */
function fromDecimal(value: unknown): unknown {
  const isDecimal = typeof value === 'string' && /^(?:0|-?[1-9][0-9]{0,9})$/.test(value);
  return isDecimal ? Number(value) : value;
}

/**
 * Adds what the contract says of a message that was read with violations, so that a caller learns
 * all of it at once. A field that could not be read is empty in the message, so whatever the
 * contract says of it, or of anything in it, is left out.
 */
export function addContractViolations(
  violations: FieldViolation[],
  found: readonly FieldViolation[],
  jsonPath: (protoPath: string) => string,
): void {
  const unread = violations.map(({ field }) => field);
  if (unread.includes(bodyPath)) {
    return;
  }
  for (const { field, description } of found) {
    const path = jsonPath(field);
    if (!unread.some((other) => isWithin(path, other))) {
      refuse(violations, path, description);
    }
  }
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}
