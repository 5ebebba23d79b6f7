import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { type WaitingState, waitingStates } from '../domain/reconcile.ts';

/** An order whose turn it is to be asked for. */
export interface WaitingOrder {
  id: string;
  userId: string;
  state: WaitingState;
  amountMinor: bigint;
  currencyCode: string;
  /** Since when it waits. */
  requestTime: Date;
}

/** The condition of the partial index orders_waiting, word for word. */
export const isWaiting = `state in (${waitingStates.map((state) => `'${state}'`).join(', ')})`;

/** From the start of one round to the next, over all instances. */
const roundMs = 1_000;

/** Orders asked for in a round: bounds what the reconciler costs, whatever has gone wrong. */
const roundSizeMax = 500;

/**
 * From one question about an order to the next, a quarter more or less. What is lost again and
 * again is mended within a minute of the last loss, however often that was. When Payments is
 * behind, what is asked for and sent again in vain is bounded by the size of the rounds.
 */
const pauseMs = 40_000;

/**
 * Takes the turn of all instances and the orders that are due, the longest due first. Their next
 * question moves into the future before anybody is asked, so that no other instance asks for them,
 * and none is forgotten when this one dies.
 *
 * Locks: the one row of `reconciler`, then the orders; those that somebody else has locked are
 * changing right now and are left out. Uses orders_waiting. Writes nothing when nothing is due.
 *
 * Outcome: the orders; none when it is not yet the turn. While Payments did not answer the last
 * time, one order is enough to find out.
 */
const claimStatement: Statement = {
  name: 'claim_waiting_orders',
  text: `
    with turn as (
      update reconciler
      set next_round_time = $1::timestamptz + $2 * interval '1 millisecond'
      where next_round_time <= $1
        and exists (select from orders where ${isWaiting} and check_time <= $1)
      returning failures
    ), due as (
      select id from orders
      where ${isWaiting} and check_time <= $1
      order by check_time
      limit coalesce((select case when failures = 0 then $3 else 1 end from turn), 0)
      for no key update skip locked
    )
    update orders
    set checks = checks + 1,
      check_time = $1 + interval '1 millisecond' * (0.75 + random() / 2) * $4
    from due
    where orders.id = due.id
    returning orders.id, user_id as "userId", state, amount_minor as "amountMinor",
      currency_code as "currencyCode", update_time as "requestTime"`,
};

export async function claimWaitingOrders(tx: Tx, now: Date): Promise<WaitingOrder[]> {
  return tx.query<WaitingOrder>(claimStatement, [now, roundMs, roundSizeMax, pauseMs]);
}

/** How long nobody asks after n failures in a row: a second, doubling up to this. */
const silenceMsMax = 15_000;

/** Locks the one row of `reconciler`. */
const noteStatement: Statement = {
  name: 'note_round',
  text: `
    update reconciler
    set failures = case when $2 then 0 else failures + 1 end,
      next_round_time = case
        when $2 then next_round_time
        else $1::timestamptz + interval '1 millisecond' * (0.75 + random() / 2)
          * least($3 * 2 ^ least(failures, 20), $4)
      end
    where failures > 0 or not $2
    returning failures`,
};

/** Tells all instances whether Payments answered; returns the failures in a row. */
export async function noteRound(tx: Tx, answered: boolean, now: Date): Promise<number> {
  const [row] = await tx.query<{ failures: number }>(noteStatement, [
    now,
    answered,
    roundMs,
    silenceMsMax,
  ]);
  return row?.failures ?? 0;
}
