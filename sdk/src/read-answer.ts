// How an answer's JSON becomes values. Tolerant: members that are not known are left out, and one
// that is missing has the value that its contract gives to absence.

/** Makes a value of what JSON has for it; `undefined` when it has nothing. */
export type Reader<T = unknown> = (json: unknown) => T;

/** The fields of a message, by their JSON names. */
export type Fields = Readonly<Record<string, Reader>>;

/** The message, without the fields that are absent; undefined when it is absent itself. */
export function readMessage(json: unknown, fields: Fields): object | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const message: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(fields)) {
    const value = read((json as Record<string, unknown>)[name]);
    if (value !== undefined) message[name] = value;
  }
  return message;
}

export function readText(json: unknown): string {
  return String(json ?? '');
}

export function readBoolean(json: unknown): boolean {
  return json === true;
}

export function readNumber(json: unknown): number {
  return Number(json ?? 0);
}

/** 64-bit integers are decimal strings, for JavaScript's numbers end at 2^53. */
export function readBigInt(json: unknown): bigint {
  return BigInt((json as string | undefined) ?? 0);
}

/** A name of an enumeration; of a value without a name (from a newer service) its number. */
export function readName(json: unknown): string {
  return String(json ?? 'UNSPECIFIED');
}

/** RFC 3339; Purser's times are whole milliseconds, which is all that a Date holds. */
export function readTime(json: unknown): Date | undefined {
  return json === undefined ? undefined : new Date(json as string);
}

export function readBytes(json: unknown): Uint8Array {
  return Uint8Array.from(atob(readText(json)), (character) => character.charCodeAt(0));
}

/** Any JSON, as it is. */
export function readAsIs(json: unknown): unknown {
  return json;
}

export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (json) => (json === undefined ? undefined : read(json));
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (json) => (Array.isArray(json) ? json.map((element) => read(element)) : []);
}
