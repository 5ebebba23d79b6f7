/**
 * What an event says that a user may want to see. Enumerations by their numbers in the contract.
 */
export type Happening = OrderHappening | AccountHappening;

interface AnyHappening {
  eventId: string;
  userId: string;
  time: Date;
  /** W3C trace parent of its processing; undefined outside of a trace. */
  traceparent?: string | undefined;
  /** How often the broker delivered the event, from 1. */
  deliveries: number;
  /** What to keep for the user to read; null for what is worth no notification. */
  notice: Notice | null;
}

/** An order was created or has changed. */
export interface OrderHappening extends AnyHappening {
  kind: 'order';
  orderId: string;
  /** From 1, without a gap. */
  version: bigint;
  state: number;
  failureReason: number;
  amountMinor: bigint;
  currencyCode: string;
}

/** An account was created or has changed. */
export interface AccountHappening extends AnyHappening {
  kind: 'account';
  ledgerVersion: bigint;
  balanceMinor: bigint;
  currencyCode: string;
}

export interface Notice {
  kind: number;
  orderId: string | null;
  amountMinor: bigint;
  currencyCode: string;
  failureReason: number;
}
