import { type Failpoint, failpoints } from '#lib/failpoint/failpoints.ts';
import type { MemberKind } from './member.ts';

/** The first words of the points that each kind of process passes. */
const prefixes: Partial<Record<MemberKind, readonly string[]>> = {
  gateway: ['gateway'],
  orders: ['create', 'relay', 'consumer', 'apply'],
  payments: ['relay', 'consumer', 'settle'],
};

/** Every failpoint that a process of the kind passes when an order is bought. */
export function pointsOf(kind: MemberKind): Failpoint[] {
  const mine = prefixes[kind] ?? [];
  const all = Object.keys(failpoints) as Failpoint[];
  return all.filter((name) => mine.includes(name.split('.', 1)[0]!));
}

/**
 * What to arm so that the process does that at the point. A relay takes its lease once, so that it
 * has to lose it first.
 */
export function deedsAt(point: Failpoint, deed: string): string {
  return point === 'relay.leased' ? `relay.read=throw,${point}=${deed}` : `${point}=${deed}`;
}
