import { LiveMessage } from '#gen/purser/notifications/v1/live.ts';
import { duplicates } from '#lib/inbox/inbox-metrics.ts';
import type { Postponed } from '#lib/nats/consumer.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { isSampled } from '#lib/trace/trace-parent.ts';
import { traceEach } from '#lib/trace/tracing.ts';
import type { Happening } from '../domain/happening.ts';
import type { Addition } from '../live/addition.ts';
import { retryDelayMs, tell, type Telling } from '../domain/tell.ts';
import { accountMessage, orderMessage } from '../live/live-messages.ts';
import type { NotificationsDeps } from '../service.ts';
import { lockHeads } from '../sql/lock-heads.ts';
import { selectTold } from '../sql/select-told.ts';
import { writeTelling } from '../sql/write-telling.ts';
import {
  accountCreated,
  accountToppedUp,
  paymentCaptured,
  paymentRefunded,
} from './account-changes.ts';
import { orderStateChanged } from './order-state-changed.ts';

/** What is consumed, by its type, and what of it a user may want to see. */
export const happenings: Record<string, (delivery: Delivery) => Happening | undefined> = {
  'purser.orders.v1.OrderStateChanged': orderStateChanged,
  'purser.payments.v1.AccountCreated': accountCreated,
  'purser.payments.v1.AccountToppedUp': accountToppedUp,
  'purser.payments.v1.PaymentCaptured': paymentCaptured,
  'purser.payments.v1.PaymentRefunded': paymentRefunded,
};

/**
 * Writes a batch of events into the logs of their users in one transaction: inbox, numbers, log,
 * projections and notifications commit together or not at all. Then the streams of these users are
 * woken, on whichever instance they are open.
 *
 * One for all consumers of this instance: what they take is mostly about the same users, so they
 * would wait for each other's row locks. They take turns instead, and their batches grow meanwhile.
 */
export function tellUsers({ database, clock, hub }: NotificationsDeps) {
  let turn: Promise<unknown> = Promise.resolve();
  return (batch: readonly Delivery[]): Promise<readonly Postponed[]> => {
    const seen = batch.flatMap((delivery) => happenings[delivery.type]?.(delivery) ?? []);
    if (seen.length === 0) return Promise.resolve([]);
    const done = turn.then(() => write(seen));
    turn = done.catch(() => {});
    return done;
  };

  async function write(seen: readonly Happening[]): Promise<readonly Postponed[]> {
    const { taken, additions, early } = await traceEach('user log', seen, () =>
      database.transaction((tx) => tellIn(tx, seen, clock())),
    );
    duplicates.inc(seen.length - taken.length - early.length);
    hub.changed(additions);
    return early.map(({ eventId, deliveries }) => ({
      eventId,
      delayMs: retryDelayMs(deliveries),
    }));
  }
}

async function tellIn(
  tx: Tx,
  seen: readonly Happening[],
  now: Date,
): Promise<Pick<Telling, 'taken' | 'early'> & { additions: Addition[] }> {
  // The locks come before every look: an event that another instance has in hand is one of the same
  // user, so whatever it did is committed when the lock is ours.
  const userIds = [...new Set(seen.map(({ userId }) => userId))];
  await lockHeads(tx, userIds);
  const { heads, events, orders, accounts } = await selectTold(tx, userIds, seen);
  const fresh = seen.filter(({ eventId }) => !events.has(eventId));
  const numbers = new Map([...heads].map(([userId, { number }]) => [userId, number]));
  const telling = tell(fresh, { numbers, orders, accounts });
  const lines = telling.changes.map((change) => ({ ...change, content: contentOf(change) }));
  await writeTelling(tx, { ...telling, lines }, now);
  const additions = Map.groupBy(lines, ({ userId }) => userId);
  return {
    taken: telling.taken,
    early: telling.early,
    additions: [...additions].map(([userId, added]) => ({
      userId,
      after: heads.get(userId)!,
      lines: added.map(({ number, happening: { eventId, traceparent }, content }) => ({
        number,
        eventId,
        content,
        traceparent: isSampled(traceparent) ? traceparent : null,
      })),
    })),
  };
}

/** Number and resume token are put in when it is sent. */
function contentOf({ happening }: { happening: Happening }): Uint8Array {
  const message = happening.kind === 'order' ? orderMessage(happening) : accountMessage(happening);
  return LiveMessage.encode(message).finish();
}
