import { PurserError } from '#lib/errors/purser-error.ts';
import { balanceMinorMax, type Ledger, type Wallet } from './ledger.ts';

/** A user's wish to add money. */
export interface TopUp {
  userId: string;
  /** Idempotency key and fingerprint of the request; null when the caller sent no key. */
  requestId: string | null;
  fingerprint: Buffer;
  amountMinor: bigint;
  currencyCode: string;
  /** Trace parent of the call. */
  traceparent?: string | undefined;
}

/** What a user's idempotency key was used for. */
export interface StoredRequest {
  userId: string;
  requestId: string;
  fingerprint: Buffer;
  accountId: string;
  /** The wallet's ledger version that the first call answered with. */
  ledgerVersion: bigint;
}

/** Which version of the wallet answers the call, or why it is refused. */
export type TopUpOutcome =
  | { kind: 'booked'; wallet: Wallet }
  | { kind: 'replayed'; request: StoredRequest }
  | { kind: 'refused'; error: PurserError };

/**
 * Decides a batch of top-ups one after the other, books them in `ledger` and returns the keys to
 * store.
 */
export function topUp(
  wishes: readonly TopUp[],
  ledger: Ledger,
  stored: readonly StoredRequest[],
): { outcomes: TopUpOutcome[]; requests: StoredRequest[] } {
  const known = new Map(stored.map((request) => [keyOf(request), request]));
  const requests: StoredRequest[] = [];
  const outcomes = wishes.map((wish): TopUpOutcome => {
    const { userId, requestId } = wish;
    const first = requestId === null ? undefined : known.get(keyOf({ userId, requestId }));
    if (first) return replay(first, wish);
    const error = refusal(wish, ledger);
    if (error) return { kind: 'refused', error };
    const { accountId, ledgerVersion } = ledger.topUp(userId, wish.amountMinor);
    if (requestId !== null) {
      const request = {
        userId,
        requestId,
        fingerprint: wish.fingerprint,
        accountId,
        ledgerVersion,
      };
      known.set(keyOf(request), request);
      requests.push(request);
    }
    return { kind: 'booked', wallet: { ...ledger.wallet(userId)! } };
  });
  return { outcomes, requests };
}

function replay(request: StoredRequest, { fingerprint }: TopUp): TopUpOutcome {
  if (request.fingerprint.equals(fingerprint)) return { kind: 'replayed', request };
  return {
    kind: 'refused',
    error: new PurserError('IDEMPOTENCY_KEY_REUSED', { request_id: request.requestId }),
  };
}

function refusal(
  { userId, amountMinor, currencyCode }: TopUp,
  ledger: Ledger,
): PurserError | undefined {
  const wallet = ledger.wallet(userId);
  if (!wallet) return new PurserError('ACCOUNT_NOT_FOUND');
  if (wallet.currencyCode !== currencyCode) {
    return new PurserError('CURRENCY_MISMATCH', {
      currency_code: currencyCode,
      account_currency_code: wallet.currencyCode,
    });
  }
  if (wallet.balanceMinor + amountMinor > balanceMinorMax) {
    return new PurserError('BALANCE_LIMIT_EXCEEDED', { limit_minor: String(balanceMinorMax) });
  }
  return undefined;
}

function keyOf({ userId, requestId }: { userId: string; requestId: string }): string {
  return JSON.stringify([userId, requestId]);
}
