import type { Invariant } from '#lib/audit/invariant.ts';
import { endedOrders, paidOrders, paymentsOfOrders } from './invariants.ts';

export interface AuditedOrder {
  id: string;
  user_id: string;
  amount_minor: string;
  currency_code: string;
  state: string;
}

export interface AuditedPayment {
  order_id: string;
  user_id: string;
  amount_minor: string;
  currency_code: string;
  state: string;
}

export type Verdict =
  /** Both agree. */
  | { kind: 'fine' }
  /** One of the two has a message of the other still before it. */
  | { kind: 'in flight' }
  /** In flight if the order has moved on since, broken otherwise. */
  | { kind: 'look again'; invariant: Invariant; what: string }
  | { kind: 'broken'; invariant: Invariant; what: string };

/** The states of an order that is paid for. */
export const paidStates = new Set(['PAID', 'ASSEMBLED', 'SHIPPED', 'DELIVERED']);

/**
 * Compares an order with its payment, which was read at the same moment or later: whatever made the
 * order what it is has been committed in Payments before.
 */
export function comparePair(
  order: AuditedOrder | undefined,
  payment: AuditedPayment | undefined,
): Verdict {
  const broken = (invariant: Invariant, what: string): Verdict =>
    ({ kind: 'broken', invariant, what }) as const;
  if (!order) {
    const what = `the payment is ${payment?.state}, and there is no order`;
    return { kind: 'look again', invariant: paymentsOfOrders, what };
  }
  const { state } = order;
  const found = payment?.state ?? 'none';
  const both = `the order is ${state}, its payment ${found}`;
  if (payment && describe(order) !== describe(payment)) {
    return broken(paidOrders, `${describe(order)} ordered, ${describe(payment)} asked of Payments`);
  }
  switch (state) {
    case 'CANCELLING':
      return { kind: 'in flight' };
    case 'PENDING':
      return found === 'VOIDED' || found === 'REFUNDED'
        ? { kind: 'look again', invariant: paymentsOfOrders, what: both }
        : { kind: 'in flight' };
    case 'FAILED':
      return found === 'FAILED' ? { kind: 'fine' } : broken(endedOrders, both);
    case 'CANCELLED':
      return ['VOIDED', 'REFUNDED', 'FAILED'].includes(found)
        ? { kind: 'fine' }
        : broken(endedOrders, both);
    default:
      if (found === 'CAPTURED') return { kind: 'fine' };
      return found === 'REFUNDED' && (state === 'PAID' || state === 'ASSEMBLED')
        ? { kind: 'look again', invariant: paidOrders, what: both }
        : broken(paidOrders, both);
  }
}

/** Whether the order as it is now explains what looked wrong. */
export function hasMovedOn(payment: string | undefined, orderNow: string | undefined): boolean {
  if (orderNow === undefined) return false;
  const undone = payment === 'VOIDED' || payment === 'REFUNDED';
  return !undone || orderNow === 'CANCELLING' || orderNow === 'CANCELLED';
}

function describe(row: Omit<AuditedOrder, 'id'>): string {
  return `${row.amount_minor} ${row.currency_code} of ${row.user_id}`;
}

/** Two streams in the order of their keys as one stream of pairs. */
export async function* pairs(
  orders: AsyncIterable<AuditedOrder>,
  payments: AsyncIterable<AuditedPayment>,
): AsyncGenerator<[AuditedOrder | undefined, AuditedPayment | undefined]> {
  const left = orders[Symbol.asyncIterator]();
  const right = payments[Symbol.asyncIterator]();
  let order = (await left.next()).value as AuditedOrder | undefined;
  let payment = (await right.next()).value as AuditedPayment | undefined;
  while (order || payment) {
    const [orderId, paymentId] = [order?.id ?? '~', payment?.order_id ?? '~'];
    yield [orderId <= paymentId ? order : undefined, paymentId <= orderId ? payment : undefined];
    if (orderId <= paymentId) order = (await left.next()).value as AuditedOrder | undefined;
    if (paymentId <= orderId) payment = (await right.next()).value as AuditedPayment | undefined;
  }
}
