import {
  type Payment,
  Payment_FailureReason,
  Payment_State,
} from '#gen/purser/payments/v1/payment.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { FailureReason, Payment as StoredPayment } from '../domain/settle.ts';

/** A payment as MikroORM or a statement of our own reads it. */
type PaymentFields = Omit<StoredPayment, 'failureReason'> & {
  failureReason?: FailureReason | null | undefined;
};

/** The payment as callers see it, but for what the account held after it. */
export function paymentMessage(row: PaymentFields): Omit<Payment, 'balanceAfter'> {
  const order = orderName(row.orderId);
  return {
    name: `${order}/payment`,
    order,
    userId: row.userId,
    amount: { currencyCode: row.currencyCode, amountMinor: row.amountMinor },
    state: Payment_State[row.state],
    failureReason: Payment_FailureReason[row.failureReason ?? 'FAILURE_REASON_UNSPECIFIED'],
    ledgerVersion: row.ledgerVersion,
    createTime: row.createTime,
    updateTime: row.updateTime,
  };
}
