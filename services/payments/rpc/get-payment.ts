import type { Payment } from '#gen/purser/payments/v1/payment.ts';
import type { GetPaymentRequest } from '#gen/purser/payments/v1/payment_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { AccountRow } from '../schema/account.ts';
import { PaymentRow } from '../schema/payment.ts';
import { accountAtVersion } from './account-at-version.ts';
import { accountMessage } from './account-message.ts';
import { paymentMessage } from './payment-message.ts';

/**
 * A payment of another user, and one that is not decided yet, answer like a payment that does not
 * exist.
 */
export function getPayment({ database }: ServiceDeps): Handler<GetPaymentRequest, Payment> {
  return async ({ name }, { userId, signal }) => {
    const orderId = orderIdOf(name);
    const reader = database.reader(signal);
    const row = orderId && (await reader.findOne(PaymentRow, { orderId, userId }));
    if (!row) throw new PurserError('PAYMENT_NOT_FOUND', { order: name.replace(/\/payment$/, '') });
    const account = await reader.findOne(AccountRow, { userId });
    // An account that was created later had no part in the decision.
    const hadAccount = account && (row.ledgerVersion > 0n || account.createTime <= row.updateTime);
    const then = hadAccount && (await accountAtVersion(reader, account, row.ledgerVersion));
    return {
      ...paymentMessage(row),
      balanceAfter: then ? accountMessage(then).balance : undefined,
    };
  };
}
