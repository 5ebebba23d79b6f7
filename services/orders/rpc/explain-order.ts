import { methods } from '#gen/methods.ts';
import {
  type OrderExplanation,
  OrderExplanation_WaitingFor,
} from '#gen/purser/orders/v1/explanation.ts';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import type { ExplainOrderRequest } from '#gen/purser/orders/v1/order_service.ts';
import {
  type Payment,
  Payment_FailureReason,
  Payment_State,
} from '#gen/purser/payments/v1/payment.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext, Handler } from '#lib/grpc/unary-call.ts';
import { formatMoney } from '#lib/money/format-money.ts';
import { type OutboxMessage, selectMessages } from '#lib/outbox/select-messages.ts';
import { orderIdOf, orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { explainOrder as explain, type PaymentFacts } from '../domain/explain-order.ts';
import { paymentCancellationRequested, paymentRequested } from '../published.ts';
import { OrderRow } from '../schema/order.ts';
import { OrderEventRow } from '../schema/order-event.ts';
import { askBriefly } from './ask-briefly.ts';
import { requireVisible } from './require-visible.ts';

/** From the order, its messages in the outbox, and what Payments says when it is asked. */
export function explainOrder(deps: ServiceDeps): Handler<ExplainOrderRequest, OrderExplanation> {
  return async ({ name }, call) => {
    const id = orderIdOf(name);
    const reader = deps.database.reader(call.signal);
    const order = id ? await reader.findOne(OrderRow, { id }) : undefined;
    requireVisible(order, name, call);
    const [messages, payment] = await Promise.all([
      messagesOf(deps, order, reader),
      askPayments(deps, order, call),
    ]);
    const { currencyCode, amountMinor } = order;
    const { summary, waitingFor, next } = explain({
      state: order.state,
      amount: formatMoney({ currencyCode, amountMinor }),
      failureReason: order.failureReason ?? null,
      carrier: order.carrier ?? null,
      trackingCode: order.trackingCode ?? null,
      request: messages.findLast(({ type }) => requests.includes(type)),
      payment: payment === 'unreachable' ? payment : payment && paymentFacts(payment),
    });
    return {
      order: orderName(order.id),
      state: Order_State[order.state],
      summary,
      waitingFor: OrderExplanation_WaitingFor[waitingFor],
      since: order.updateTime,
      next,
      messages,
      payment: payment === 'unreachable' ? undefined : payment,
    };
  };
}

const requests = [paymentRequested.type, paymentCancellationRequested.type];

async function messagesOf(
  { database }: ServiceDeps,
  { id }: OrderRow,
  reader: ReturnType<ServiceDeps['database']['reader']>,
): Promise<OutboxMessage[]> {
  const history = await reader.find(OrderEventRow, { orderId: id }, { fields: ['eventId'] });
  const known = history.map(({ eventId }) => eventId);
  return database.single((tx) => selectMessages(tx, orderName(id), known));
}

async function askPayments(
  deps: ServiceDeps,
  { id, userId }: OrderRow,
  call: CallContext,
): Promise<Payment | 'unreachable' | undefined> {
  const method = methods['/purser.payments.v1.PaymentService/GetPayment'];
  const request = { name: `${orderName(id)}/payment` };
  try {
    return (await askBriefly(deps, { method, request, userId }, call)) ?? 'unreachable';
  } catch (error) {
    if (error instanceof PurserError && error.reason === 'PAYMENT_NOT_FOUND') return undefined;
    throw error;
  }
}

function paymentFacts({
  state,
  failureReason,
  balanceAfter,
  ledgerVersion,
}: Payment): PaymentFacts {
  return {
    state: enumName(Payment_State, state) as PaymentFacts['state'],
    failureReason: failureReason > 0 ? enumName(Payment_FailureReason, failureReason) : null,
    balance: balanceAfter && formatMoney(balanceAfter),
    ledgerVersion,
  };
}
