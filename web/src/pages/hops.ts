import type { Hop } from '#sdk/src/index.ts';

/** A hop with its place in time. */
export interface TimedHop {
  hop: Hop;
  /** Since the hop before; undefined for the first. */
  afterMs: number | undefined;
  /** What it was about, without its package: `PaymentRequested`, `PAID`. */
  subject: string;
}

/**
 * The hops with the time from one to the next. Clocks of several machines may differ: what seems to
 * happen before its cause has taken no time.
 */
export function timedHops(hops: readonly Hop[]): TimedHop[] {
  // Broker and inbox know a message by its identity; what it is, its writer says.
  const written = hops.filter(({ subject, eventId }) => subject !== '' && eventId !== '');
  const types = new Map(written.map(({ eventId, subject }) => [eventId, subject]));
  return hops.map((hop, index) => {
    const subject = hop.subject === '' ? (types.get(hop.eventId) ?? '') : hop.subject;
    const before = hops[index - 1];
    const passedMs = before && hop.time.getTime() - before.time.getTime();
    return {
      hop,
      afterMs: passedMs === undefined ? undefined : Math.max(0, passedMs),
      subject: subject.slice(subject.lastIndexOf('.') + 1),
    };
  });
}

/** From the first hop to the last. */
export function totalMs(hops: readonly Hop[]): number {
  const times = hops.map(({ time }) => time.getTime());
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}
