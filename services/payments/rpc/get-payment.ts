import {
  type Payment,
  Payment_FailureReason,
  Payment_State,
} from '#gen/purser/payments/v1/payment.ts';
import type { GetPaymentRequest } from '#gen/purser/payments/v1/payment_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { orderIdOf, orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { PaymentRow } from '../schema/payment.ts';

/**
 * A payment of another user, and one that is not decided yet, answer like a payment that does not
 * exist.
 */
export function getPayment({ database }: ServiceDeps): Handler<GetPaymentRequest, Payment> {
  return async ({ name }, { userId, signal }) => {
    const orderId = orderIdOf(name);
    const row = orderId && (await database.reader(signal).findOne(PaymentRow, { orderId, userId }));
    if (!row) throw new PurserError('PAYMENT_NOT_FOUND', { order: name.replace(/\/payment$/, '') });
    return paymentMessage(row);
  };
}

function paymentMessage(row: PaymentRow): Payment {
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
