import type { Ledger } from './ledger.ts';

/** An order's wish to be paid. */
export interface PaymentRequest {
  eventId: string;
  orderId: string;
  userId: string;
  amountMinor: bigint;
  currencyCode: string;
}

export type FailureReason = 'INSUFFICIENT_FUNDS' | 'ACCOUNT_NOT_FOUND' | 'CURRENCY_MISMATCH';

/** The one decision about an order's payment. */
export interface Payment {
  orderId: string;
  userId: string;
  amountMinor: bigint;
  currencyCode: string;
  state: 'CAPTURED' | 'FAILED';
  /** Set exactly when `state` is FAILED. */
  failureReason: FailureReason | null;
  /** The wallet's ledger version right after the decision; 0 without a wallet. */
  ledgerVersion: bigint;
  createTime: Date;
}

export interface Settlement {
  payment: Payment;
  /**
   * False when the order had been decided before: then `payment` is that decision, and nothing is
   * booked.
   */
  decided: boolean;
}

/**
 * Decides a batch of requests one after the other, and books what is captured in `ledger`. An order
 * that is among `settled` keeps its decision, whatever the new request says.
 */
export function settle(
  requests: readonly PaymentRequest[],
  { ledger, settled, now }: { ledger: Ledger; settled: readonly Payment[]; now: Date },
): Settlement[] {
  const payments = new Map(settled.map((payment) => [payment.orderId, payment]));
  return requests.map((request) => {
    const known = payments.get(request.orderId);
    if (known) return { payment: known, decided: false };
    const payment = decide(request, ledger, now);
    payments.set(request.orderId, payment);
    return { payment, decided: true };
  });
}

function decide(request: PaymentRequest, ledger: Ledger, createTime: Date): Payment {
  const { orderId, userId, amountMinor, currencyCode } = request;
  const failureReason = refusal(request, ledger);
  if (!failureReason) ledger.pay(userId, amountMinor, orderId);
  return {
    orderId,
    userId,
    amountMinor,
    currencyCode,
    state: failureReason ? 'FAILED' : 'CAPTURED',
    failureReason,
    ledgerVersion: ledger.wallet(userId)?.ledgerVersion ?? 0n,
    createTime,
  };
}

function refusal(
  { userId, amountMinor, currencyCode }: PaymentRequest,
  ledger: Ledger,
): FailureReason | null {
  const wallet = ledger.wallet(userId);
  if (!wallet) return 'ACCOUNT_NOT_FOUND';
  if (wallet.currencyCode !== currencyCode) return 'CURRENCY_MISMATCH';
  if (wallet.balanceMinor < amountMinor) return 'INSUFFICIENT_FUNDS';
  return null;
}
