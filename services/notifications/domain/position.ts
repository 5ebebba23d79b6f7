import { hash } from 'node:crypto';

/** A place in a user's log: after the change of that number, which came from that event. */
export interface Position {
  number: bigint;
  /** UUID; the nil UUID at number 0. */
  eventId: string;
}

export const start: Position = { number: 0n, eventId: '00000000-0000-0000-0000-000000000000' };

export function isSamePosition(one: Position, other: Position): boolean {
  return one.number === other.number && one.eventId === other.eventId;
}

/** What the log holds behind a position. */
export interface Following {
  /** The user's last number. */
  head: bigint;
  /** Whether the log has the position: that number, from that event. */
  isKnown: boolean;
  /** The numbers right behind it, in order, up to `followingMax`. */
  numbers: readonly bigint[];
}

/** Changes that are read at a time. */
export const followingMax = 100;

/** Who is further behind is told how things stand instead of everything that happened. */
const behindMax = 500n;

/**
 * Whether a stream can go on from the position with what follows it, and nothing is left out. Not
 * when the log was trimmed meanwhile, or is another one (a database that was restored).
 */
export function leadsOn(number: bigint, { head, isKnown, numbers }: Following): boolean {
  const behind = head - number;
  if (!isKnown || behind < 0n || behind > behindMax) return false;
  const expected = behind > BigInt(followingMax) ? followingMax : Number(behind);
  return numbers.length === expected && numbers.every((one, index) => isAt(one, number, index));
}

function isAt(one: bigint, number: bigint, index: number): boolean {
  return one === number + BigInt(index + 1);
}

const version = 1;
const markBytes = 9;

/**
 * A position as a token that its user sends back. Anybody may read it and nobody gains from making
 * one: it leads to nothing but the log of the user who sends it, and is refused from any other.
 */
export function writeResumeToken(userId: string, { number, eventId }: Position): string {
  const bytes = Buffer.alloc(1 + markBytes + 8 + 16);
  bytes[0] = version;
  userMark(userId).copy(bytes, 1);
  bytes.writeBigInt64BE(number, 1 + markBytes);
  bytes.write(eventId.replaceAll('-', ''), 1 + markBytes + 8, 'hex');
  return bytes.toString('base64url');
}

/** The position in a token; undefined for one that is another user's, or none at all. */
export function readResumeToken(userId: string, token: string): Position | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const isOurs = bytes.length === 1 + markBytes + 8 + 16 && bytes[0] === version;
  if (!isOurs || bytes.toString('base64url') !== token) return undefined;
  if (!bytes.subarray(1, 1 + markBytes).equals(userMark(userId))) return undefined;
  const number = bytes.readBigInt64BE(1 + markBytes);
  const hex = bytes.toString('hex', 1 + markBytes + 8);
  const eventId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return number >= 0n ? { number, eventId } : undefined;
}

function userMark(userId: string): Buffer {
  return hash('sha256', `live ${userId}`, 'buffer').subarray(0, markBytes);
}
