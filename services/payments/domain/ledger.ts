import { createHash } from 'node:crypto';

/** Most that a top-up may lift a balance to, in minor units. A refund may go beyond. */
export const balanceMinorMax = 1_000_000_000_000_000n;

export type TransferKind = 'TOP_UP' | 'PAYMENT' | 'REFUND';

/** What a wallet holds, and how many transfers have touched it. */
export interface Wallet {
  id: string;
  userId: string;
  currencyCode: string;
  balanceMinor: bigint;
  ledgerVersion: bigint;
}

/**
 * One movement of money between a wallet and a system account: an entry of the wallet's statement.
 */
export interface Transfer {
  accountId: string;
  ledgerVersion: bigint;
  kind: TransferKind;
  debitAccountId: string;
  creditAccountId: string;
  /** Always positive: the direction is in the two accounts. */
  amountMinor: bigint;
  currencyCode: string;
  balanceAfterMinor: bigint;
  orderId: string | null;
}

/**
 * Books transfers on wallets, one after the other, in memory. The caller holds the wallets' row
 * locks and writes `transfers` afterwards; the constraints of the table check the result once more.
 */
export class Ledger {
  readonly transfers: Transfer[] = [];
  readonly #wallets: Map<string, Wallet>;

  constructor(wallets: readonly Wallet[]) {
    this.#wallets = new Map(wallets.map((wallet) => [wallet.userId, { ...wallet }]));
  }

  /** The user's wallet as it is after the transfers booked so far; undefined when there is none. */
  wallet(userId: string): Readonly<Wallet> | undefined {
    return this.#wallets.get(userId);
  }

  /** Money comes in from top-up clearing. The caller has checked currency and limit. */
  topUp(userId: string, amountMinor: bigint): Transfer {
    const wallet = this.#owned(userId);
    const clearing = systemAccountId('TOP_UP_CLEARING', wallet.currencyCode);
    return this.#book(wallet, {
      kind: 'TOP_UP',
      debit: clearing,
      credit: wallet.id,
      amountMinor,
      orderId: null,
    });
  }

  /** Money goes out to sales. The caller has checked currency and balance. */
  pay(userId: string, amountMinor: bigint, orderId: string): Transfer {
    const wallet = this.#owned(userId);
    const sales = systemAccountId('SALES', wallet.currencyCode);
    return this.#book(wallet, {
      kind: 'PAYMENT',
      debit: wallet.id,
      credit: sales,
      amountMinor,
      orderId,
    });
  }

  /** Money comes back from sales. The caller has checked that it was paid and not refunded. */
  refund(userId: string, amountMinor: bigint, orderId: string): Transfer {
    const wallet = this.#owned(userId);
    const sales = systemAccountId('SALES', wallet.currencyCode);
    return this.#book(wallet, {
      kind: 'REFUND',
      debit: sales,
      credit: wallet.id,
      amountMinor,
      orderId,
    });
  }

  #owned(userId: string): Wallet {
    const wallet = this.#wallets.get(userId);
    if (!wallet) throw new Error('transfer on a wallet that was not locked');
    return wallet;
  }

  #book(
    wallet: Wallet,
    {
      kind,
      debit,
      credit,
      amountMinor,
      orderId,
    }: {
      kind: TransferKind;
      debit: string;
      credit: string;
      amountMinor: bigint;
      orderId: string | null;
    },
  ): Transfer {
    const balance = wallet.balanceMinor + (credit === wallet.id ? amountMinor : -amountMinor);
    if (amountMinor <= 0n || balance < 0n || (kind === 'TOP_UP' && balance > balanceMinorMax)) {
      throw new RangeError(`transfer of ${amountMinor} on a balance of ${wallet.balanceMinor}`);
    }
    wallet.balanceMinor = balance;
    wallet.ledgerVersion += 1n;
    const transfer: Transfer = {
      accountId: wallet.id,
      ledgerVersion: wallet.ledgerVersion,
      kind,
      debitAccountId: debit,
      creditAccountId: credit,
      amountMinor,
      currencyCode: wallet.currencyCode,
      balanceAfterMinor: balance,
      orderId,
    };
    this.transfers.push(transfer);
    return transfer;
  }
}

export type SystemAccountPurpose = 'SALES' | 'TOP_UP_CLEARING';

const systemAccountIds = new Map<string, string>();

/**
 * Id of a system account: the MD5 of purpose and currency read as a UUID, as PostgreSQL's
 * `md5('SALES:USD')::uuid` gives it. No lookup stands between a payment and its counter account.
 */
export function systemAccountId(purpose: SystemAccountPurpose, currencyCode: string): string {
  const key = `${purpose}:${currencyCode}`;
  let id = systemAccountIds.get(key);
  if (!id) {
    const hex = createHash('md5').update(key).digest('hex');
    id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    systemAccountIds.set(key, id);
  }
  return id;
}
