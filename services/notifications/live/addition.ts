import type { Position } from '../domain/position.ts';

/** A line of a user's log. */
export interface Line {
  number: bigint;
  eventId: string;
  /** LiveMessage without number and resume token. */
  content: Uint8Array;
  /** W3C trace parent of a change whose trace is recorded. */
  traceparent?: string | null | undefined;
}

/** Lines that were added to a user's log in one transaction, which is committed. */
export interface Addition {
  userId: string;
  /** The last line before them. */
  after: Position;
  /** At least one, numbered from there without a gap. */
  lines: readonly Line[];
}

/** Above this a signal says only how far the log has come, and its lines are read from there. */
const contentBytesMax = 16 * 1024;

/** Event id, content in base64, trace parent. */
type Added = [string, string, string?];

/** The addition as the text of a signal: the number on its first line, the rest as JSON. */
export function writeSignal({ after, lines }: Addition): string {
  const head = String(lines.at(-1)!.number);
  const bytes = lines.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes > contentBytesMax) return head;
  const added = lines.map(({ eventId, content, traceparent }) => [
    eventId,
    Buffer.from(content.buffer, content.byteOffset, content.length).toString('base64'),
    ...(traceparent ? [traceparent] : []),
  ]);
  return `${head}\n${JSON.stringify([after.eventId, ...added])}`;
}

/** How far the log has come, by a signal; 0 for what is none. */
export function signalNumber(signal: string): bigint {
  return BigInt(/^\d{1,18}(?=\n|$)/.exec(signal)?.[0] ?? 0);
}

/** What a signal says beside the number; undefined when it says no more, or not in our words. */
export function readSignal(userId: string, signal: string): Addition | undefined {
  const end = signal.indexOf('\n');
  if (end < 0) return undefined;
  try {
    const [eventId, ...added] = JSON.parse(signal.slice(end + 1)) as [string, ...Added[]];
    const first = signalNumber(signal) - BigInt(added.length);
    const lines = added.map(([id, content, traceparent], index) => ({
      number: first + BigInt(index + 1),
      eventId: id,
      content: Buffer.from(content, 'base64'),
      traceparent,
    }));
    return { userId, after: { number: first, eventId }, lines };
  } catch {
    return undefined;
  }
}
