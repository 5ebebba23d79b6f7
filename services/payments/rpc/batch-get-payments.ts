import type {
  BatchGetPaymentsRequest,
  BatchGetPaymentsResponse,
} from '#gen/purser/payments/v1/payment_service.ts';
import { requireStaff } from '#lib/grpc/require-staff.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { orderIdOf } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { selectPayments } from '../sql/select-payments.ts';
import { paymentMessage } from './payment-message.ts';

/**
 * Answers for the orders of all users, so it is not for users. Has no REST route: Orders asks over
 * gRPC, in the role of staff.
 */
export function batchGetPayments({
  database,
}: ServiceDeps): Handler<BatchGetPaymentsRequest, BatchGetPaymentsResponse> {
  return async ({ names }, call) => {
    requireStaff(call);
    const ids = names.flatMap((name) => orderIdOf(name) ?? []);
    const rows = await database.single((tx) => selectPayments(tx, ids));
    return { payments: rows.map((row) => ({ ...paymentMessage(row), balanceAfter: undefined })) };
  };
}
