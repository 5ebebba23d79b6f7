import { durationSecondsMax } from './check-time.ts';
import type { Duration } from './check-time.ts';
import { headerFields } from './header-fields.ts';
import { bodyPath } from './json-path.ts';
import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/**
 * Reads a JSON value, or the text of a query parameter, as one kind of field. What is wrong is
 * added to `violations` under `path`, and the kind's empty value is returned.
 */
export type Reader<T> = (value: unknown, path: string, violations: FieldViolation[]) => T;

/** Longest part of an unknown member's name that a violation repeats. */
const nameLengthMax = 64;

/** The members of a JSON object; undefined when the value is none. The path of a body is ''. */
export function readMembers(
  value: unknown,
  path: string,
  violations: FieldViolation[],
): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(violations, path === '' ? bodyPath : path, 'must be a JSON object');
    return undefined;
  }
  return value as Record<string, unknown>;
}

export function refuseServerSet(path: string, violations: FieldViolation[]): void {
  refuse(violations, path, 'is set by the server');
}

const headersByFoldedName = new Map(
  Object.entries(headerFields).map(([name, header]) => [folded(name), header]),
);

/**
 * Refuses a name that is not one of `known`, with a hint where only case or underscores differ, or
 * where a header is what was meant.
 */
export function refuseUnknown(
  name: string,
  prefix: string,
  known: readonly string[],
  violations: FieldViolation[],
): void {
  const path = `${prefix}${name.slice(0, nameLengthMax)}`;
  const meant = known.find((candidate) => folded(candidate) === folded(name));
  if (meant !== undefined) {
    refuse(violations, path, `is not known; it is spelled ${meant}`);
    return;
  }
  const header = headersByFoldedName.get(folded(name));
  const hint = header === undefined ? '' : `; send the header ${header} instead`;
  refuse(violations, path, `is not known${hint}`);
}

function folded(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

export function readList<T>(
  value: unknown,
  path: string,
  violations: FieldViolation[],
  read: Reader<T>,
): T[] {
  if (!Array.isArray(value)) {
    refuse(violations, path, 'must be an array');
    return [];
  }
  return value.map((element, index) => read(element, `${path}[${index}]`, violations));
}

export function readString(value: unknown, path: string, violations: FieldViolation[]): string {
  if (typeof value !== 'string') {
    refuse(violations, path, 'must be a string');
    return '';
  }
  if (!value.isWellFormed()) {
    refuse(violations, path, 'must be well-formed Unicode');
    return '';
  }
  return value;
}

export function readBool(value: unknown, path: string, violations: FieldViolation[]): boolean {
  if (typeof value !== 'boolean') {
    refuse(violations, path, 'must be true or false');
  }
  return value === true;
}

export function readInt32(value: unknown, path: string, violations: FieldViolation[]): number {
  return readNumber(value, path, violations, -2_147_483_648, 2_147_483_647);
}

export function readUint32(value: unknown, path: string, violations: FieldViolation[]): number {
  return readNumber(value, path, violations, 0, 4_294_967_295);
}

function readNumber(
  value: unknown,
  path: string,
  violations: FieldViolation[],
  min: number,
  max: number,
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    refuse(violations, path, `must be an integer from ${min} to ${max}`);
    return 0;
  }
  // JSON's -0 becomes 0, as it does on the way over protobuf.
  return value + 0;
}

export function readInt64(value: unknown, path: string, violations: FieldViolation[]): bigint {
  return readBigInt(value, path, violations, -(2n ** 63n), 2n ** 63n - 1n);
}

export function readUint64(value: unknown, path: string, violations: FieldViolation[]): bigint {
  return readBigInt(value, path, violations, 0n, 2n ** 64n - 1n);
}

/** Only a string of digits without leading zeros: a JSON number may have lost digits on its way. */
function readBigInt(
  value: unknown,
  path: string,
  violations: FieldViolation[],
  min: bigint,
  max: bigint,
): bigint {
  if (typeof value === 'string' && /^(?:0|-?[1-9][0-9]{0,19})$/.test(value)) {
    const integer = BigInt(value);
    if (integer >= min && integer <= max) {
      return integer;
    }
  }
  refuse(violations, path, `must be a string that holds an integer from ${min} to ${max}`);
  return 0n;
}

/** Base64, standard or URL-safe, with or without padding. */
export function readBytes(value: unknown, path: string, violations: FieldViolation[]): Uint8Array {
  if (typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    const digits = value.replace(/=+$/, '');
    if (digits.length % 4 !== 1 && (digits === value || value.length % 4 === 0)) {
      return new Uint8Array(Buffer.from(digits, 'base64'));
    }
  }
  refuse(violations, path, 'must be a string in base64');
  return new Uint8Array(0);
}

/** An enum's value by name; `values` holds all of them. */
export function readEnum<T extends number>(
  value: unknown,
  path: string,
  violations: FieldViolation[],
  values: ReadonlyMap<string, T>,
): T | 0 {
  const number = typeof value === 'string' ? values.get(value) : undefined;
  if (number === undefined) {
    const names = [...values].filter(([, known]) => known !== 0).map(([name]) => name);
    refuse(violations, path, `must be one of ${names.join(', ')}`);
    return 0;
  }
  return number;
}

/** What follows the ten characters of the date. */
const timePattern =
  /^T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,3})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** RFC 3339 with at most milliseconds, which is what we keep. */
export function readTimestamp(value: unknown, path: string, violations: FieldViolation[]): Date {
  const text = typeof value === 'string' ? value : '';
  if (isCalendarDate(text.slice(0, 10)) && timePattern.test(text.slice(10))) {
    return new Date(text.toUpperCase());
  }
  refuse(violations, path, 'must be a time in RFC 3339 with at most three fractional digits');
  return new Date(0);
}

/** JavaScript takes February 30 for March 2; only a day that survives the calendar is one. */
function isCalendarDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const [year = 0, month = 0, day = 0] = parts.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Any JSON object; what may be in it is for `checkStruct`. */
export function readStruct(
  value: unknown,
  path: string,
  violations: FieldViolation[],
): Record<string, unknown> {
  return readMembers(value, path, violations) ?? {};
}

/** Decimal seconds with at most nine fractional digits, such as "1.5s". */
export function readDuration(value: unknown, path: string, violations: FieldViolation[]): Duration {
  const text = typeof value === 'string' ? value : '';
  const parts = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text);
  if (parts !== null) {
    const [, sign, whole = '', fraction = ''] = parts;
    const seconds = BigInt(whole);
    const nanos = Number(fraction.padEnd(9, '0'));
    if (seconds < durationSecondsMax || (seconds === durationSecondsMax && nanos === 0)) {
      return sign === '-' ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos };
    }
  }
  refuse(violations, path, 'must be a duration in seconds, such as "1.5s"');
  return { seconds: 0n, nanos: 0 };
}
