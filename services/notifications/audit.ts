import type { TableInvariant } from '#lib/audit/invariant.ts';
import { deadLetterInvariant } from '#lib/audit/outbox-invariants.ts';

/** What must hold of the tables of Notifications, which keeps nothing that others do not know. */
export const notificationsInvariants: readonly TableInvariant[] = [deadLetterInvariant];
