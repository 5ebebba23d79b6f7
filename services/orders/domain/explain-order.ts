import type { OrderState } from './order-state.ts';

/** Who or what an order waits for. */
export type WaitingFor = 'NOTHING' | 'BROKER' | 'PAYMENTS' | 'RESULT' | 'STAFF';

/** What Payments says of the order's payment; amounts are text for people. */
export interface PaymentFacts {
  state: 'CAPTURED' | 'FAILED' | 'VOIDED' | 'REFUNDED';
  failureReason: string | null;
  /** What the account held right after the decision; undefined without an account. */
  balance: string | undefined;
  /** Number of the account's last entry at the decision. */
  ledgerVersion: bigint;
}

export interface OrderFacts {
  state: OrderState;
  /** What it costs, text for people. */
  amount: string;
  failureReason: string | null;
  carrier: string | null;
  trackingCode: string | null;
  /** The last message that asks Payments for something; undefined when there is none any more. */
  request: { number: bigint; published: boolean } | undefined;
  /** Undefined when Payments has decided nothing, `unreachable` when it does not answer. */
  payment: PaymentFacts | 'unreachable' | undefined;
}

export interface Explanation {
  summary: string;
  waitingFor: WaitingFor;
  next: string;
}

/** Says where an order stands and what happens next. */
export function explainOrder(order: OrderFacts): Explanation {
  switch (order.state) {
    case 'PENDING':
      return asked(order, {
        question: `the payment of ${order.amount}`,
        next: `Payments debits ${order.amount} once, or refuses; the order becomes PAID or FAILED.`,
      });
    case 'CANCELLING':
      return asked(order, {
        question: 'the undoing of its payment',
        next: 'Payments voids the payment or refunds it; the order becomes CANCELLED.',
      });
    case 'PAID':
      return {
        summary: `The order is paid: ${order.amount} was debited${entryOf(order.payment)}.`,
        waitingFor: 'STAFF',
        next: 'Staff assembles the goods; until they are shipped the order can be cancelled.',
      };
    case 'ASSEMBLED':
      return {
        summary: 'The order is paid and its goods are put together.',
        waitingFor: 'STAFF',
        next: 'Staff hands the goods to a carrier; until then the order can be cancelled.',
      };
    case 'SHIPPED':
      return {
        summary: `The goods are on their way with ${order.carrier}, as ${order.trackingCode}.`,
        waitingFor: 'STAFF',
        next: 'Staff confirms that the goods have arrived.',
      };
    case 'DELIVERED':
      return ended('The goods have arrived.', 'Nothing: the order is complete.');
    case 'FAILED':
      return ended(whyItFailed(order), 'Nothing: the order stays FAILED. Create another one.');
    case 'CANCELLED':
      return ended(howItWasCancelled(order), 'Nothing: the order stays CANCELLED.');
  }
}

function ended(summary: string, next: string): Explanation {
  return { summary, waitingFor: 'NOTHING', next };
}

/** The order waits for Payments; how far has the question, or the answer, come? */
function asked(
  { state, request, payment }: OrderFacts,
  { question, next }: { question: string; next: string },
): Explanation {
  const message = request ? `message ${request.number}` : 'a message';
  if (request && !request.published) {
    const summary = `Payments is to be asked for ${question}: ${message} waits for the broker.`;
    return { summary, waitingFor: 'BROKER', next };
  }
  const published = `Payments was asked for ${question}: ${message} was published`;
  if (payment === 'unreachable') {
    const summary = `${published}; Payments does not answer right now.`;
    return { summary, waitingFor: 'PAYMENTS', next };
  }
  if (!payment || (payment.state === 'CAPTURED' && state === 'CANCELLING')) {
    return { summary: `${published}, and is not answered yet.`, waitingFor: 'PAYMENTS', next };
  }
  const summary = `${published} and answered, ${payment.state}; the result is on its way.`;
  return { summary, waitingFor: 'RESULT', next };
}

function entryOf(payment: OrderFacts['payment']): string {
  return payment && payment !== 'unreachable'
    ? ` once, as entry ${payment.ledgerVersion} of the account`
    : ' once';
}

function whyItFailed({ amount, failureReason, payment }: OrderFacts): string {
  const held = payment && payment !== 'unreachable' ? payment.balance : undefined;
  switch (failureReason) {
    case 'INSUFFICIENT_FUNDS':
      return held
        ? `The payment failed because the account held ${held}, less than ${amount}.`
        : `The payment failed because the account held less than ${amount}.`;
    case 'ACCOUNT_NOT_FOUND':
      return 'The payment failed because the user had no account.';
    case 'CURRENCY_MISMATCH':
      return `The payment of ${amount} failed because the account is in another currency.`;
    default:
      return `The payment failed: ${failureReason}.`;
  }
}

function howItWasCancelled({ amount, payment }: OrderFacts): string {
  if (!payment || payment === 'unreachable') return 'The order was cancelled.';
  if (payment.state !== 'REFUNDED') {
    return 'The order was cancelled, and nothing was ever debited for it.';
  }
  return `The order was cancelled, and ${amount} was credited again${entryOf(payment)}.`;
}
