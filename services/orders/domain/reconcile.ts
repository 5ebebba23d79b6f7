import type { OrderState, Trigger } from './order-state.ts';

/**
 * How long an order may wait for Payments before Payments is asked, in milliseconds. In a healthy
 * system an answer takes 10 to 100 ms, and 30 s are three times what the broker needs to deliver
 * the messages of a consumer that died; asking sooner would ask for what is on its way. A lost
 * message is mended within a minute all the same.
 */
export const waitMsMax = 30_000;

/** The states in which an order waits for Payments. Also the condition of index orders_waiting. */
export const waitingStates = ['PENDING', 'CANCELLING'] as const satisfies OrderState[];

export type WaitingState = (typeof waitingStates)[number];

/** What Payments says of an order's payment. */
export interface PaymentAnswer {
  state: 'CAPTURED' | 'FAILED' | 'VOIDED' | 'REFUNDED';
  failureReason: string | null;
}

/** What mends an order that has waited too long. */
export type Remedy =
  /** Payments has decided and the result was lost: apply it. */
  | { kind: 'apply'; trigger: Trigger; failureReason: string | null }
  /** Payments has not done what the order waits for: ask for it once more. */
  | { kind: 'request' };

/**
 * Compares what an order waits for with what Payments has decided; `payment` is undefined when that
 * is nothing. A result is judged by the table of transitions when it is applied.
 */
export function remedyOf(state: WaitingState, payment: PaymentAnswer | undefined): Remedy {
  if (!payment) return { kind: 'request' };
  const { failureReason } = payment;
  switch (payment.state) {
    case 'CAPTURED':
      return state === 'CANCELLING'
        ? { kind: 'request' }
        : { kind: 'apply', trigger: 'PAYMENT_CAPTURED', failureReason: null };
    case 'FAILED':
      // Nothing was debited and never will be, which is all that a cancellation wants to know.
      return state === 'CANCELLING'
        ? { kind: 'apply', trigger: 'PAYMENT_VOIDED', failureReason: null }
        : { kind: 'apply', trigger: 'PAYMENT_FAILED', failureReason };
    case 'VOIDED':
      return { kind: 'apply', trigger: 'PAYMENT_VOIDED', failureReason: null };
    case 'REFUNDED':
      return { kind: 'apply', trigger: 'PAYMENT_REFUNDED', failureReason: null };
  }
}
