import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/** google.protobuf.Timestamp's range, years 1 to 9999, in milliseconds since 1970. */
const timeMsMin = Date.parse('0001-01-01T00:00:00.000Z');
const timeMsMax = Date.parse('9999-12-31T23:59:59.999Z');

/** google.protobuf.Duration's range in seconds, either way: about 10,000 years. */
export const durationSecondsMax = 315_576_000_000n;

/** A google.protobuf.Duration as ts-proto has it. */
export interface Duration {
  seconds: bigint;
  nanos: number;
}

export function checkTimestamp(value: Date, path: string, violations: FieldViolation[]): void {
  const ms = value.getTime();
  // An invalid date is NaN, which is not within any bounds.
  if (!(ms >= timeMsMin && ms <= timeMsMax)) {
    refuse(violations, path, 'must be a time in the years 1 to 9999');
  }
}

export function checkDuration(value: Duration, path: string, violations: FieldViolation[]): void {
  const { seconds, nanos } = value;
  const isLong = seconds < -durationSecondsMax || seconds > durationSecondsMax;
  if (isLong || Math.abs(nanos) > 999_999_999) {
    refuse(violations, path, 'must be a duration of at most 315576000000 seconds');
  } else if ((seconds < 0n && nanos > 0) || (seconds > 0n && nanos < 0)) {
    refuse(violations, path, 'must have seconds and nanos of one sign');
  }
}
