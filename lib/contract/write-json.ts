import type { Duration } from './check-time.ts';

/** A JSON object from its members, each of which `,"name":value` begins with a comma. */
export function writeObject(members: string): string {
  return `{${members.slice(1)}}`;
}

export function writeList<T>(values: readonly T[], write: (value: T) => string): string {
  let text = '';
  for (const value of values) {
    text += text === '' ? write(value) : `,${write(value)}`;
  }
  return `[${text}]`;
}

export function writeString(value: string): string {
  return JSON.stringify(value);
}

/** For int64 and its kin: a decimal string, since a JSON number loses digits in most readers. */
export function writeBigInt(value: bigint): string {
  return `"${value}"`;
}

export function writeBytes(value: Uint8Array): string {
  return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`;
}

/** A google.protobuf.Struct: the JSON object that it stands for. */
export function writeStruct(value: Record<string, unknown>): string {
  return JSON.stringify(value);
}

/** RFC 3339 in UTC, always with three fractional digits. */
export function writeTimestamp(value: Date): string {
  return `"${value.toISOString()}"`;
}

/** Decimal seconds with 0, 3, 6 or 9 fractional digits and an `s`, as proto3's JSON has it. */
export function writeDuration({ seconds, nanos }: Duration): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = seconds < 0n ? -seconds : seconds;
  const digits = String(Math.abs(nanos))
    .padStart(9, '0')
    .replace(/(?:000){1,3}$/, '');
  return `"${sign}${whole}${digits === '' ? '' : `.${digits}`}s"`;
}
