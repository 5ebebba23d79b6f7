import type {
  TracePaymentRequest,
  TracePaymentResponse,
} from '#gen/purser/payments/v1/payment_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { selectMessages } from '#lib/outbox/select-messages.ts';
import { orderIdOf, orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { hop, streamedHops, writtenHop } from '#lib/trace/hops.ts';
import { PaymentRow } from '../schema/payment.ts';
import { TransferRow } from '../schema/transfer.ts';
import { selectReceipts } from '../sql/select-receipts.ts';

/** Reads the marks that an order's messages left: inbox, ledger, decision, outbox. */
export function tracePayment({
  database,
}: ServiceDeps): Handler<TracePaymentRequest, TracePaymentResponse> {
  return async ({ name, eventIds }, { userId, signal }) => {
    const orderId = orderIdOf(name);
    const reader = database.reader(signal);
    const payment = orderId && (await reader.findOne(PaymentRow, { orderId, userId }));
    if (!payment) return { hops: [] };
    const [transfers, receipts, messages] = await Promise.all([
      reader.find(TransferRow, { orderId }, { orderBy: { ledgerVersion: 'asc' } }),
      database.single((tx) => selectReceipts(tx, eventIds)),
      database.single((tx) => selectMessages(tx, orderName(orderId), eventIds)),
    ]);
    const received = receipts.flatMap(({ eventId, streamSequence, streamTime, createTime }) => [
      ...streamedHops(eventId, streamSequence, streamTime),
      hop('RECEIVED', 'payments', { time: createTime, eventId }),
    ]);
    const booked = transfers.map(({ kind, createTime, ledgerVersion }) =>
      hop('BOOKED', 'payments', { time: createTime, subject: kind, number: ledgerVersion }),
    );
    const decided = hop('DECIDED', 'payments', {
      time: payment.updateTime,
      subject: payment.state,
    });
    const written = messages.map((message) => writtenHop('payments', message));
    return { hops: [...received, ...booked, decided, ...written] };
  };
}
