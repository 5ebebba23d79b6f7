import type { Ledger } from './ledger.ts';

/** What an order wants of Payments: `pay` for it, or `undo` that because it is cancelled. */
export interface PaymentWish {
  kind: 'pay' | 'undo';
  eventId: string;
  orderId: string;
  userId: string;
  amountMinor: bigint;
  currencyCode: string;
  /** Where the broker keeps the event; for the trace of the message alone. */
  streamed?: { sequence: bigint; time: Date } | undefined;
  /** Trace parent of the event that carried it. */
  traceparent: string | undefined;
}

export type FailureReason = 'INSUFFICIENT_FUNDS' | 'ACCOUNT_NOT_FOUND' | 'CURRENCY_MISMATCH';

export type PaymentState = 'CAPTURED' | 'FAILED' | 'VOIDED' | 'REFUNDED';

/** The one decision about an order's payment, and whether it was undone. */
export interface Payment {
  orderId: string;
  userId: string;
  amountMinor: bigint;
  currencyCode: string;
  state: PaymentState;
  /** Set exactly when `state` is FAILED. */
  failureReason: FailureReason | null;
  /** The wallet's ledger version right after the last change; 0 without a wallet. */
  ledgerVersion: bigint;
  createTime: Date;
  updateTime: Date;
}

export type Answer = 'captured' | 'failed' | 'voided' | 'refunded';

export interface SettledWish {
  payment: Payment;
  answer: Answer;
  /** What the wallet held right after the transfer; null when none was made now. */
  balanceAfterMinor: bigint | null;
  traceparent: string | undefined;
}

export interface Settlement {
  /**
   * What to tell the order, one for each wish, in their order. A repeated wish is answered again.
   */
  answers: SettledWish[];
  /** Payments to write that no transaction wrote before. */
  decided: Payment[];
  /** Payments that were captured before and are refunded now. */
  refunded: Payment[];
}

/**
 * Settles a batch of wishes one after the other, and books what moves money in `ledger`. Each order
 * has one payment, whatever comes how often and in which order:
 *   payment so far   pay                    undo
 *   none             CAPTURED or FAILED     VOIDED: a request that comes later finds it so
 *   CAPTURED         told again             REFUNDED, by a transfer of its own
 *   FAILED           told again             stays FAILED; told as voided, nothing was debited
 *   VOIDED           told as voided         told again
 *   REFUNDED         told as refunded       told again
 */
export function settle(
  wishes: readonly PaymentWish[],
  { ledger, settled, now }: { ledger: Ledger; settled: readonly Payment[]; now: Date },
): Settlement {
  const before = new Map(settled.map((payment) => [payment.orderId, payment]));
  const payments = new Map(before);
  const answers = wishes.map((wish) => {
    const known = payments.get(wish.orderId);
    const booked = ledger.transfers.length;
    const payment =
      wish.kind === 'pay' ? pay(wish, known, ledger, now) : undo(wish, known, ledger, now);
    payments.set(wish.orderId, payment);
    const balanceAfterMinor = ledger.transfers[booked]?.balanceAfterMinor ?? null;
    const { traceparent } = wish;
    return { payment, answer: answerTo(wish, payment), balanceAfterMinor, traceparent };
  });
  const changed = [...payments.values()].filter(
    (payment) => before.get(payment.orderId) !== payment,
  );
  return {
    answers,
    decided: changed.filter(({ orderId }) => !before.has(orderId)),
    refunded: changed.filter(({ orderId }) => before.has(orderId)),
  };
}

function pay(wish: PaymentWish, known: Payment | undefined, ledger: Ledger, now: Date): Payment {
  if (known) return known;
  const failureReason = refusal(wish, ledger);
  if (!failureReason) ledger.pay(wish.userId, wish.amountMinor, wish.orderId);
  return newPayment(wish, failureReason ? 'FAILED' : 'CAPTURED', { failureReason, ledger, now });
}

function undo(wish: PaymentWish, known: Payment | undefined, ledger: Ledger, now: Date): Payment {
  if (!known) return newPayment(wish, 'VOIDED', { failureReason: null, ledger, now });
  if (known.state !== 'CAPTURED') return known;
  // Exactly what was captured goes back to whom it was taken from, whatever the wish says.
  const { ledgerVersion } = ledger.refund(known.userId, known.amountMinor, known.orderId);
  return { ...known, state: 'REFUNDED', ledgerVersion, updateTime: now };
}

function newPayment(
  { orderId, userId, amountMinor, currencyCode }: PaymentWish,
  state: PaymentState,
  {
    failureReason,
    ledger,
    now,
  }: { failureReason: FailureReason | null; ledger: Ledger; now: Date },
): Payment {
  const ledgerVersion = ledger.wallet(userId)?.ledgerVersion ?? 0n;
  const money = { amountMinor, currencyCode };
  const times = { createTime: now, updateTime: now };
  return { orderId, userId, ...money, state, failureReason, ledgerVersion, ...times };
}

function refusal(wish: PaymentWish, ledger: Ledger): FailureReason | null {
  const wallet = ledger.wallet(wish.userId);
  if (!wallet) return 'ACCOUNT_NOT_FOUND';
  if (wallet.currencyCode !== wish.currencyCode) return 'CURRENCY_MISMATCH';
  if (wallet.balanceMinor < wish.amountMinor) return 'INSUFFICIENT_FUNDS';
  return null;
}

function answerTo({ kind }: PaymentWish, { state }: Payment): Answer {
  if (state === 'FAILED') return kind === 'pay' ? 'failed' : 'voided';
  return ({ CAPTURED: 'captured', VOIDED: 'voided', REFUNDED: 'refunded' } as const)[state];
}
