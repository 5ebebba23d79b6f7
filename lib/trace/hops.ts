import { type Hop, Hop_Kind } from '#gen/purser/type/v1/hop.ts';
import type { OutboxMessage } from '#lib/outbox/select-messages.ts';

/** A hop from the parts of it that there are. */
export function hop(
  kind: Exclude<keyof typeof Hop_Kind, 'UNRECOGNIZED' | 'KIND_UNSPECIFIED'>,
  service: string,
  { time, ...rest }: { time: Date; subject?: string; eventId?: string; number?: bigint },
): Hop {
  return { kind: Hop_Kind[kind], service, time, subject: '', eventId: '', number: 0n, ...rest };
}

/** The hop of a message into a service's outbox. */
export function writtenHop(
  service: string,
  { createTime: time, type: subject, eventId, number }: OutboxMessage,
): Hop {
  return hop('WRITTEN', service, { time, subject, eventId, number });
}

/** The hop of a message into the broker's stream; none where its place was not recorded. */
export function streamedHops(
  eventId: string,
  sequence: bigint | null | undefined,
  time: Date | null | undefined,
): Hop[] {
  return sequence && time ? [hop('STREAMED', 'broker', { time, eventId, number: sequence })] : [];
}
