import { methods } from '#gen/methods.ts';
import { type Request, Request_State } from '#gen/purser/orders/v1/request.ts';
import type { GetRequestRequest } from '#gen/purser/orders/v1/request_service.ts';
import type { Request as PaymentsRequest } from '#gen/purser/payments/v1/request.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { onBehalf } from '#lib/grpc/on-behalf.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { OrderRow } from '../schema/order.ts';
import { RequestRow } from '../schema/request.ts';
import { orderMessage } from './order-message.ts';

/**
 * Keys live where their effects are, in Orders and in Payments, and both are asked: a caller knows
 * a key and not whose it was. Nothing is "not found" that Payments has not denied: while it does
 * not answer, the call fails with DEPENDENCY_UNAVAILABLE.
 */
export function getRequest(deps: ServiceDeps): Handler<GetRequestRequest, Request> {
  return async ({ requestId }, call) => {
    const { userId, signal } = call;
    const reader = deps.database.reader(signal);
    const [own, theirs] = await Promise.all([
      reader.findOne(RequestRow, { userId, requestId }),
      askPayments(deps, requestId, call),
    ]);
    const [first] = [own?.createTime, theirs?.createTime]
      .filter((time) => time !== undefined)
      .toSorted((a, b) => a.getTime() - b.getTime());
    if (!first) throw new PurserError('REQUEST_NOT_FOUND', { request_id: requestId });
    const order =
      own &&
      (await reader.findOneOrFail(
        OrderRow,
        { id: own.orderId },
        { populate: ['lines', 'recipient'] },
      ));
    return {
      requestId,
      state: Request_State.DONE,
      order: order ? orderMessage(order) : undefined,
      account: theirs?.account,
      createTime: first,
    };
  };
}

async function askPayments(
  { upstreams }: ServiceDeps,
  requestId: string,
  call: CallContext,
): Promise<PaymentsRequest | undefined> {
  const method = methods['/purser.payments.v1.RequestService/GetRequest'];
  try {
    return await upstreams.get('payments')!.unary(method, { requestId }, onBehalf(call));
  } catch (error) {
    if (error instanceof PurserError && error.reason === 'REQUEST_NOT_FOUND') return undefined;
    throw error;
  }
}
